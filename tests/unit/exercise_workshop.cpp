// Compiling and trying an answer, with a compiler of shell words in the place of a real one: what
// it "compiles" is a script or the name of a program. The real one: tests/program/exercise.cpp.
#include "app/exercise/workshop.h"
#include "app/frame/interrupt.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/exercise/watch.h"
#include "attn/io/file.h"
#include "io_support.h"
#include "program/process.h"
#include "surroundings.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using attn::test::Environment;
using io_test::check_bad;
using io_test::check_error;
using io_test::Folder;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A test is a shell script; an answer names a program, or is "broken".
constexpr const char* kCompiler = R"sh(#!/bin/sh
echo "$*" >> calls
case "$*" in
  *-static*) exit 1 ;;
  *"-c answer.cpp"*)
    if grep -q broken answer.cpp; then echo "answer.cpp:1: error: broken"; exit 1; fi
    if grep -q unused answer.cpp; then echo "answer.cpp:1: warning: unused"; fi
    sed -n 's/^program //p' answer.cpp > answer.o ;;
  *"-c test.cpp"*) if grep -q broken test.cpp; then exit 1; fi; cp test.cpp test.o ;;
  *"-c learner.cpp"*) : ;;
  *"-o tester"*) if grep -q nothing test.o; then exit 0; fi; cp test.o tester; chmod +x tester ;;
  *"-o learner"*) cp "$(cat answer.o)" learner ;;
esac
)sh";

/// Four cases: right, wrong, one at which the test breaks down, one without an answer.
constexpr const char* kTest = R"sh(#!/bin/sh
if [ "$1" = list ]; then
  echo '[{"name":"a","points":2},{"name":"b","points":3},{"name":"c","points":4},'
  echo '{"name":"d","points":5}]'
  exit
fi
printf x >&3
case $1 in
  0) echo '{"status":"right","message":"","misconceptions":[]}' ;;
  1) echo '{"status":"wrong","message":"no","misconceptions":["scale-missing"]}' ;;
  2) exit 3 ;;
  3) echo '{"status":"ended","message":"","misconceptions":[]}' ;;
esac
)sh";

struct World {
  Folder folder;
  Toolchain tools{folder / "compiler", {}, {}};
  Exercise exercise{"05-x", "demo", "Demo", 14, "", "int f();\n", "", kTest};
  World() {
    write(tools.compiler, kCompiler);
    ::chmod(tools.compiler.c_str(), 0755);
  }
  Workshop workshop(Stop stop = nullptr) const { return {exercise, std::move(stop), tools}; }
};

CheckResult checked(const World& world, const std::string& answer) {
  Workshop workshop = world.workshop();
  return check_answer(workshop, world.exercise, answer);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

}  // namespace

TEST_CASE(
    "workshop: a temporary folder goes with its owner; a forgotten one goes, a held one stays") {
  const Folder parent;
  const Environment place("TMPDIR", parent.path().c_str());
  std::string path;
  {
    const TemporaryFolder one, two;
    path = one.path();
    CHECK(path != two.path());
    CHECK(path.starts_with(parent / "attn-exercise-"));
    CHECK(one / "x" == path + "/x");
    write(one / "file", "x");
    // An hour ago: held, forgotten, and somebody else's.
    const std::string forgotten = parent / "attn-exercise-forgotten", other = parent / "other";
    fs::create_directories(forgotten + "/deep");
    fs::create_directory(other);
    const fs::file_time_type before = fs::file_time_type::clock::now() - std::chrono::hours(1);
    for (const std::string& folder : {path, forgotten, other}) fs::last_write_time(folder, before);
    const TemporaryFolder three;
    CHECK(fs::exists(path));
    CHECK_FALSE(fs::exists(forgotten));
    CHECK(fs::exists(other));
  }
  CHECK_FALSE(fs::exists(path));
  CHECK(parent.files() == 1);  // other
}

TEST_CASE("workshop: a compiler that is none is told, and no other is taken") {
  for (const char* name : {"no-such-compiler", "/no/such/compiler"}) {
    const Environment chosen("CXX", name);
    check_error(ErrorKind::io, std::string("CXX names \"") + name + "\", which is no program here",
                [] { find_toolchain(); });
  }
  const Environment none("CXX", ""), nowhere("PATH", "/no/such/folder");
  check_error(ErrorKind::io, "", [] { find_toolchain(); });
}

TEST_CASE("workshop: the test is compiled once, and every answer anew") {
  const World world;
  Workshop workshop = world.workshop();
  CHECK(fs::exists(workshop.folder() + "/matrix.h"));
  CHECK(read_file(workshop.folder() + "/exercise.h") == "int f();\n");
  const Compiled first = workshop.compile("program /bin/true\nunused"),
                 second = workshop.compile("broken"),
                 third = workshop.compile("program /bin/false");
  CHECK(first.done);
  CHECK(first.said == "answer.cpp:1: warning: unused\n");
  CHECK(first.memory > 1000);  // of code and variables
  CHECK(first.memory < (std::size_t{64} << 20));
  CHECK_FALSE(second.done);
  CHECK(second.said == "answer.cpp:1: error: broken\n");
  CHECK(third.done);
  CHECK(third.said == "");
  CHECK_FALSE(workshop.stands_alone());
  const std::string calls = read_file(workshop.folder() + "/calls");
  CHECK(count(calls, "-c test.cpp") == 1);
  CHECK(count(calls, "-c learner.cpp") == 1);
  CHECK(count(calls, "-c answer.cpp") == 3);
  CHECK(count(calls, "-o learner\n") == 2);
}

TEST_CASE("workshop: a test that cannot be compiled is the exercise's fault") {
  World world;
  world.exercise.test = "broken";
  check_bad("the test of demo cannot be compiled with",
            [&] { checked(world, "program /bin/true"); });
  world.exercise.test = "nothing";
  check_error(ErrorKind::io, "made no program: is it a C++ compiler?",
              [&] { checked(world, "program /bin/true"); });
}

TEST_CASE("check: each case has its verdict and its points, whatever becomes of the others") {
  const World world;
  const CheckResult r = checked(world, "program /bin/uname");
  CHECK(r.exercise == "demo");
  CHECK(r.lesson == "05-x");
  CHECK(r.compiled);
  REQUIRE(r.cases.size() == 4);
  CHECK(r.points() == 2);
  CHECK(r.worth() == 14);
  CHECK(r.cases[0].name == "a");
  CHECK(r.cases[0].status == "right");
  CHECK(r.cases[0].points == 2);
  CHECK(r.cases[1].status == "wrong");
  CHECK(r.cases[1].message == "no");
  CHECK(r.cases[1].misconceptions == std::vector<std::string>{"scale-missing"});
  CHECK(r.cases[1].points == 0);
  CHECK(r.cases[2].status == "wrong");
  CHECK(r.cases[2].message == "the test could not cope with what your function gave");
  CHECK(r.cases[3].status == "exit");
  CHECK(contains(r.cases[3].message, "exit code 0"));
  CHECK(r.cases[3].printed == "Linux\n");
}

TEST_CASE("check: an answer that does not compile is worth nothing, and every case is listed") {
  const CheckResult r = checked(World(), "broken");
  CHECK_FALSE(r.compiled);
  CHECK(r.compiler == "answer.cpp:1: error: broken\n");
  REQUIRE(r.cases.size() == 4);
  CHECK(r.points() == 0);
  CHECK(r.worth() == 14);
  for (const CaseResult& c : r.cases) CHECK(c.status == "not run");
}

TEST_CASE("check: an answer that prints without end, and a test that breaks down at its list") {
  const CheckResult r = checked(World(), "program /usr/bin/yes");
  CHECK(r.cases[3].status == "output");
  CHECK(r.cases[3].printed.starts_with("y\ny\n"));
  World world;
  world.exercise.test = "#!/bin/sh\nexit 4\n";
  check_error(ErrorKind::internal, "the test of demo broke down (exit code 4)",
              [&] { checked(world, "program /bin/true"); });
}

TEST_CASE("check: somebody who says stop is heard, and the folder goes") {
  const Folder parent;
  const Environment place("TMPDIR", parent.path().c_str());
  const World world;
  {
    Workshop workshop = world.workshop([] { return true; });
    CHECK_THROWS_AS(check_answer(workshop, world.exercise, "program /bin/true"), Interrupted);
  }
  CHECK(parent.files() == 1);  // the world's own
}

TEST_CASE("watch: the answer is checked now and when it changes, and each result is printed") {
  const World world;
  const std::string path = world.folder / "answer.cpp", printed = world.folder / "out";
  write(path, "broken");
  write(printed, "");
  Common common;
  common.json = true;
  CheckResult last;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  {
    const attn::test::Redirected output(STDOUT_FILENO, printed);
    Workshop workshop = world.workshop([&] {
      const std::size_t results = count(read_file(printed), "\"exercise\"");
      if (results == 1 && read_file(path) == "broken") {  // as an editor saves
        write(path + ".new", "program /bin/true");
        fs::rename(path + ".new", path);
      }
      return results == 2 || std::chrono::steady_clock::now() > end;
    });
    last = watch_answer(workshop, world.exercise, path, common);
  }
  CHECK(last.compiled);
  CHECK(last.points() == 2);
  const std::string out = read_file(printed);
  CHECK(count(out, "\"exercise\"") == 2);
  CHECK(out.find("\"compiled\": false") < out.find("\"compiled\": true"));
}

TEST_CASE("watch: stopped before the first result, there is none") {
  const World world;
  write(world.folder / "answer.cpp", "program /bin/true");
  Workshop workshop = world.workshop([] { return true; });
  CHECK_THROWS_AS(watch_answer(workshop, world.exercise, world.folder / "answer.cpp", Common{}),
                  Interrupted);
}
