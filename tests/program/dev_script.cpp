// ./dev as people call it: through a symbolic link, with CDPATH, from another folder. In place of
// the compiler's work there are programs that only say how they are called.
#include <doctest/doctest.h>

#include <filesystem>

#include "program/process.h"

using namespace attn::test;
namespace fs = std::filesystem;

namespace {

/// A project that is built already, with a program that prints its folder and its arguments.
class Project {
 public:
  Project() {
    fs::create_directories(folder_ / "project/build/release");
    fs::create_directories(folder_ / "elsewhere");
    for (const char* name : {"src", "cmake", "data", "lessons"})
      fs::create_directory(folder_ / ("project/" + std::string(name)));
    fs::copy_file(std::string(ATTN_SOURCE_DIR) + "/../dev", folder_ / "project/dev");
    for (const char* name : {"CMakeLists.txt", "CMakePresets.json", "build/.packages-build",
                             "build/release/build.ninja"})
      folder_.write("project/" + std::string(name), "");
    say("project/build/release/attn", "echo \"$PWD: $*\"");
    fs::create_directory(folder_ / "bin");
    say("bin/ninja", "echo 'ninja: no work to do.'");
    say("bin/cmake", "echo \"cmake $*\"");
    fs::create_directory(folder_ / "links");
    fs::create_symlink(folder_ / "project/dev", folder_ / "links/dev");
  }
  std::string at(const std::string& name) const {
    return fs::weakly_canonical(name.empty() ? folder_.path() : folder_ / name).string();
  }

  Result call(const std::string& line, const std::string& from) const {
    return expect(
        Launch{.arguments = {"-c", line},
               .program = "/bin/sh",
               .environment = {{"PATH", (folder_ / "bin") + ":/usr/bin:/bin"}, {"CDPATH", "."}},
               .folder = folder_ / from},
        0);
  }

 private:
  void say(const std::string& name, const std::string& line) const {
    folder_.write(name, "#!/bin/sh\n" + line + "\n");
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }

  Folder folder_;
};

}  // namespace

TEST_CASE("dev: install relative means relative to where it is called") {
  if (!installed("bash")) return;
  const Project project;
  CHECK(project.call("../project/dev install here", "elsewhere").out ==
        "cmake --install build/release --prefix " + project.at("elsewhere") + "/here\n");
  CHECK(contains(project.call("../project/dev install /opt/x", "elsewhere").out,
                 "--prefix /opt/x\n"));
}

TEST_CASE("dev: run prints nothing of its own, and runs where it is called") {
  if (!installed("bash")) return;
  const Project project;
  const Result r = project.call("project/dev run attend --json", ".");
  CHECK(r.out == project.at("") + ": attend --json\n");
  CHECK(r.err.empty());
  CHECK(project.call("../project/dev run map", "elsewhere").out ==
        project.at("elsewhere") + ": map\n");
}

TEST_CASE(
    "dev: a call through a symbolic link uses the project, and makes no build beside the link") {
  if (!installed("bash")) return;
  const Project project;
  CHECK(project.call("../links/dev run map", "elsewhere").out ==
        project.at("elsewhere") + ": map\n");
  CHECK_FALSE(fs::exists(project.at("links/build")));
  CHECK_FALSE(fs::exists(project.at("elsewhere/build")));
}
