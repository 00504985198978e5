// What docs/adding.md says a new command needs is what it has: one file with NAME_command(), a line
// in commands.def, and a reference case if it is a stage (reference.cpp).
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "app/frame/command.h"
#include "program/process.h"

using namespace attn::test;
using attn::app::Command;
using attn::app::commands;
namespace fs = std::filesystem;

namespace {

const std::string kSource = ATTN_SOURCE_DIR;

/// All that a pattern's group matches in a text.
Words all_of(const std::string& text, const std::string& pattern) {
  Words out;
  const std::regex regex(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
    out.push_back((*it)[1].str());
  return out;
}

/// The names in commands.def, and for each NAME_command() the files that define it.
struct Rows {
  Words table = all_of(Folder::read(kSource + "/app/commands.def"), R"(COMMAND\((\w+)\))");
  std::map<std::string, Words> files;

  Rows() {
    for (const auto& entry : fs::recursive_directory_iterator(kSource + "/app")) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string file = fs::relative(entry.path(), kSource).string();
      for (const std::string& name :
           all_of(Folder::read(entry.path().string()), R"(\nCommand (\w+)_command\(\) \{)"))
        files[name].push_back(file);
    }
  }
};

/// The name of a command as its function has it: "bert tokens" is bert_tokens.
std::string function_of(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '_');
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

TEST_CASE("adding: a line of commands.def is one function NAME_command() in one file, named so") {
  const Rows rows;
  REQUIRE(rows.table.size() > 50);
  CHECK(std::set<std::string>(rows.table.begin(), rows.table.end()).size() == rows.table.size());
  for (const std::string& name : rows.table) {
    INFO("COMMAND(", name, ") of commands.def: no file below src/app defines ", name, "_command()");
    CHECK(rows.files.contains(name));
  }
  for (const auto& [name, files] : rows.files) {
    INFO(fmt::format("{}", fmt::join(files, ", ")), " define(s) ", name, "_command()");
    CHECK(files.size() == 1);
    const bool in_table = std::find(rows.table.begin(), rows.table.end(), name) != rows.table.end();
    INFO("it has no line in commands.def");
    CHECK(in_table);
  }
  Words named;
  for (const Command& command : commands()) named.push_back(function_of(command.name));
  CHECK(named == rows.table);
}

TEST_CASE("adding: a stage or a model is a file of its own, named as the command is") {
  const Rows rows;
  // One net with and without neighbours; one guess at hidden words, with and without the right
  // ones.
  const std::map<std::string, std::string> other = {
      {"fc", "windows"}, {"window", "windows"}, {"bert fill", "mlm"}};
  for (const Command& command : commands()) {
    if (!command.shows_numbers()) continue;
    const std::string name = function_of(command.name);
    const auto files = rows.files.find(name);
    if (files == rows.files.end()) continue;  // the test above has said so
    std::string stem = command.name.substr(command.name.find(' ') + 1);
    std::replace(stem.begin(), stem.end(), '-', '_');
    if (const auto it = other.find(command.name); it != other.end()) stem = it->second;
    INFO(command.name, " is in ", files->second[0]);
    CHECK(fs::path(files->second[0]).stem() == stem);
  }
}

TEST_CASE("adding: the files that docs/adding.md names are there") {
  const fs::path top = fs::path(kSource).parent_path();
  const std::string page = Folder::read((top / "docs/adding.md").string());
  std::size_t seen = 0;
  for (const std::string& path :
       all_of(page, R"(`((?:src|tests|docs|lessons|fuzz|data|cmake)/[\w./-]+)`)")) {
    if (contains(path, "NAME") || contains(path, "FORMAT") || contains(path, "NN")) continue;
    INFO(path);
    CHECK(fs::exists(top / path));
    ++seen;
  }
  CHECK(seen > 15);
}
