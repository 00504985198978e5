// A count of one has its noun in the singular, whatever the options: "1 step", never "1 steps".
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "app/frame/command.h"
#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/text/shell_words.h"
#include "program/process.h"

using namespace attn;
using attn::test::Words;

namespace {

/// Everything that a trace says in words.
std::string words_of(const Trace& trace) {
  std::string out = trace.title + "\n" + trace.in_words + "\n";
  for (const Item& item : trace.items) {
    if (const auto* step = std::get_if<Step>(&item)) out += step->formula + "\n" + step->about;
    if (const auto* remark = std::get_if<Remark>(&item)) out += remark->text;
    if (const auto* check = std::get_if<Check>(&item)) out += check->claim;
    if (const auto* table = std::get_if<Table>(&item)) out += table->about;
    out += "\n";
  }
  return out;
}

void find_plurals(const Words& arguments) {
  static const std::regex plural(
      "(^|[^0-9.,x])( ?)1 ((more|further|test|other|different|source|target|chosen|special) )?"
      "(steps|heads|words|tokens|layers|blocks|seeds|examples|models|parameters|pieces|pairs|"
      "sequences|sentences|rows|columns|keys|queries|numbers|places|positions|trainings|texts|"
      "documents|gates|inputs|states|topics|patterns|characters|times|draws|neighbours|merges)\\b");
  std::string said;
  try {
    said = words_of(app::compute(arguments));
  } catch (const Error&) {  // an option that goes not with others, or not with 1
    return;
  }
  std::smatch found;
  const bool is_there = std::regex_search(said, found, plural);
  INFO("attn ", shell_line(arguments));
  INFO("says: ", is_there ? found.str() : "");
  CHECK_FALSE(is_there);
}

/// Options that count something.
constexpr const char* kCounts[] = {"--steps",  "--seeds",    "--heads",  "--layers",   "--hidden",
                                   "--batch",  "--examples", "--tested", "--test",     "--draws",
                                   "--pairs",  "--samples",  "--beam",   "--repeat",   "--channels",
                                   "--radius", "--dim",      "--length", "--documents"};

/// True if the option may be 1.
bool has_option(const app::Command& command, const std::string& name) {
  const auto rows = app::option_rows(command);
  return std::any_of(rows.begin(), rows.end(), [&](const app::OptionRow& row) {
    return row.name == name && (row.range.starts_with("1 ") || row.range.starts_with("0 "));
  });
}

/// The example of a command, with this option once.
Words with_option(Words words, const std::string& name, const std::string& value) {
  const auto there = std::find(words.begin(), words.end(), name);
  if (there != words.end()) {
    there[1] = value;
  } else {
    words.insert(words.end(), {name, value});
  }
  return words;
}

}  // namespace

TEST_CASE("counts: one has a singular, other counts a plural") {
  CHECK(how_many(1, "step") == "1 step");
  CHECK(how_many(0, "step") == "0 steps");
  CHECK(how_many(2U, "index", "indices") == "2 indices");
  CHECK(how_many(1, "index", "indices") == "1 index");
}

TEST_CASE("counts: no command says \"1 steps\"") {
  const test::Folder folder;
  for (const app::Command& command : app::commands()) {
    if (!command.shows_numbers() && command.kind != app::CommandKind::work) continue;
    if (command.name == "bench" || command.name == "complexity") continue;  // minutes
    Words words = test::shell_words(command.example);
    if (command.name == "compare") words.insert(words.end(), {"--cache", folder.path()});
    if (command.kind == app::CommandKind::work) {
      for (const char* name : kCounts) {
        if (has_option(command, name) && std::string(name) != "--dim" &&
            std::string(name) != "--length")
          words = with_option(words, name, "1");
      }
      find_plurals(words);
      continue;
    }
    for (const char* name : kCounts) {
      if (has_option(command, name)) find_plurals(with_option(words, name, "1"));
    }
    if (command.kind == app::CommandKind::stage && command.name != "softmax")
      find_plurals({command.name, "a"});
  }
}
