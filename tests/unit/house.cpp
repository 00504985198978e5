// The house: a file includes files of its own folder and of lower floors, nothing else; and the map
// of the house (docs/architecture.md) names every room.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "attn/io/file.h"
#include "program/process.h"

using attn::test::contains;
namespace fs = std::filesystem;

namespace {

const std::string kSource = ATTN_SOURCE_DIR;

/// Beginnings of paths below src/. Those of one floor do not include one another.
using Floor = std::vector<std::string_view>;
/// From the ground up.
const std::vector<Floor> kFloors = {
    // the library
    {"attn/core/"},
    {"attn/io/", "attn/text/", "attn/graph/"},
    {"attn/ops/", "attn/render/"},
    {"attn/nn/"},
    {"attn/train/"},
    {"attn/attn.h", "attn_exercise/"},
    // the program
    {"app/frame/", "app/misconceptions"},
    {"app/stages/", "app/sequences/", "app/learning/", "app/exercise/", "app/lesson/"},
    {"app/about/", "app/bert/", "app/homework/"},
    {"app/commands", "app/main.cpp", "app/processor_check.cpp"},
};

struct Room {
  std::size_t floor = 0;
  std::string_view name = {};  ///< "" if no floor has the path
};

Room room_of(std::string_view path) {
  for (std::size_t floor = 0; floor < kFloors.size(); ++floor) {
    for (const std::string_view begin : kFloors[floor]) {
      if (path.starts_with(begin)) return {floor, begin};
    }
  }
  return {};
}

/// Why this file may not include that one, or "".
std::string objection(std::string_view file, std::string_view included) {
  const Room here = room_of(file), there = room_of(included);
  if (here.name.empty()) return "is on no floor; give it one in tests/unit/house.cpp";
  if (there.name.empty()) return "includes what is on no floor";
  if (here.name == there.name || there.floor < here.floor) return "";
  return there.floor == here.floor ? "includes a neighbour on the same floor"
                                   : "includes a higher floor";
}

/// A line of src/** that includes one of our files.
struct Include {
  std::string file;  ///< "app/lesson/page.cpp"
  std::size_t line = 0;
  std::string path;  ///< "app/lesson/page.h"
};

std::vector<std::string> source_files() {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(kSource)) {
    if (entry.is_regular_file()) out.push_back(fs::relative(entry.path(), kSource).string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Include> includes() {
  constexpr std::string_view kBegin = "#include \"";
  std::vector<Include> out;
  for (const std::string& file : source_files()) {
    std::size_t number = 0;
    for (const std::string& line : attn::test::lines(attn::read_file(kSource + "/" + file))) {
      ++number;
      if (!line.starts_with(kBegin)) continue;
      const std::size_t end = line.find('"', kBegin.size());
      out.push_back({file, number, line.substr(kBegin.size(), end - kBegin.size())});
    }
  }
  return out;
}

/// Walks along the includes; adds a file that leads back to itself.
class Circles {
 public:
  explicit Circles(const std::vector<Include>& all) {
    for (const Include& one : all) next_[one.file].push_back(one.path);
  }
  std::vector<std::string> find() {
    for (const auto& [file, ignored] : next_) visit(file);
    return found_;
  }

 private:
  void visit(const std::string& file) {
    if (open_.contains(file)) found_.push_back(file);
    if (!seen_.insert(file).second) return;
    open_.insert(file);
    const auto next = next_.find(file);
    if (next != next_.end()) {
      for (const std::string& path : next->second) visit(path);
    }
    open_.erase(file);
  }

  std::map<std::string, std::vector<std::string>> next_;
  std::set<std::string> seen_, open_;
  std::vector<std::string> found_;
};

/// The folders in this one that hold anything.
std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !fs::is_empty(entry.path()))
      out.push_back(entry.path().filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("house: no file includes a higher floor, or a neighbour on its own") {
  const std::vector<Include> all = includes();
  CHECK(all.size() > 500);  // they were found
  for (const Include& one : all) {
    const std::string problem = objection(one.file, one.path);
    INFO("src/", one.file, ":", one.line, ": #include \"", one.path, "\" ", problem);
    CHECK(problem.empty());
  }
}

TEST_CASE("house: the library knows nothing of the program") {
  for (const Include& one : includes()) {
    if (one.file.starts_with("app/")) continue;
    INFO("src/", one.file, ":", one.line, ": #include \"", one.path, "\"");
    CHECK_FALSE(one.path.starts_with("app/"));
  }
}

TEST_CASE("house: no file includes itself by way of others") {
  for (const std::string& file : Circles(includes()).find()) FAIL_CHECK("a circle through ", file);
}

TEST_CASE("house: what breaks the order is seen, with its reason") {
  CHECK(objection("attn/nn/block.h", "attn/core/array.h").empty());
  CHECK(objection("attn/nn/block.h", "attn/nn/mask.h").empty());
  CHECK(objection("app/bert/finetune.cpp", "app/learning/parallel.h").empty());
  CHECK(objection("attn/ops/op.h", "attn/nn/mask.h") == "includes a higher floor");
  CHECK(objection("attn/core/rng.h", "app/frame/cli.h") == "includes a higher floor");
  CHECK(objection("attn/io/npy.h", "attn/text/utf8.h") == "includes a neighbour on the same floor");
  CHECK(objection("attn/new/x.h", "attn/core/rng.h") ==
        "is on no floor; give it one in tests/unit/house.cpp");
  CHECK(objection("attn/nn/block.h", "block.h") == "includes what is on no floor");
  CHECK(Circles({{"a", 1, "b"}, {"b", 1, "c"}, {"c", 1, "b"}}).find() ==
        std::vector<std::string>{"b"});
  CHECK(Circles({{"a", 1, "b"}, {"a", 2, "c"}, {"b", 1, "c"}}).find().empty());
}

TEST_CASE("house: the architecture names every folder") {
  const fs::path top = fs::path(kSource).parent_path();
  const std::string map = attn::read_file((top / "docs/architecture.md").string());
  std::vector<std::string> wanted;
  for (const std::string& name : folders_in(kSource)) wanted.push_back("src/" + name + "/");
  for (const char* house : {"attn", "app"}) {
    for (const std::string& name : folders_in(fs::path(kSource) / house))
      wanted.push_back("\n      " + name + "/");
  }
  // At the top: what is no build and no tool's own.
  const std::set<std::string> others = {"build", "shared", "__pycache__"};
  for (const std::string& name : folders_in(top)) {
    if (!name.starts_with(".") && !others.contains(name) &&
        !fs::exists(top / name / "CMakeCache.txt"))
      wanted.push_back(name + "/");
  }
  CHECK(wanted.size() >= 20);
  for (const std::string& name : wanted) {
    INFO("docs/architecture.md does not name ", name);
    CHECK(contains(map, name));
  }
}
