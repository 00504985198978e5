// What README.md and docs/*.md show: every command in them is one that the program takes, the quick
// ones are run in the order of the page, and examples of files are read.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "app/frame/command.h"
#include "attn/text/shell_words.h"
#include "program/checkpoint_folder.h"
#include "program/process.h"

using namespace attn::test;
using attn::app::Command;
using attn::app::find_command;
namespace fs = std::filesystem;

namespace {

const fs::path kTop = fs::path(ATTN_SOURCE_DIR).parent_path();

/// A command of attn as a page shows it, without the "./dev run" or "attn" before it.
struct Shown {
  int line = 0;
  std::string text;
  Words words;
  bool in_block = false;  ///< a line of code, not code within a sentence
};

/// Commands that are not run here, by how they begin, and why.
const std::vector<std::pair<std::string, std::string>> kNotRun = {
    {"bench", "measures for seconds; bench_complexity.cpp runs it"},
    {"bert finetune", "trains for minutes; bert_finetune.cpp runs it with few steps"},
    {"bert pretrain", "trains for minutes; bert_pretrain.cpp runs it with few steps"},
    {"compare", "trains for minutes; training.cpp runs it with few steps"},
    {"complexity", "measures for a minute; bench_complexity.cpp runs it"},
    {"exercise check", "compiles for seconds; exercise.cpp checks every exercise"},
    {"lesson check", "runs all lessons; lessons_hold.cpp does"},
    {"train", "trains; training.cpp and translating.cpp run it with few steps"},
};

/// "I am not done": their exit code is 1 where nothing is answered yet.
const std::set<std::string> kSaysNo = {"homework check"};

std::string reason_not_run(const Shown& shown) {
  for (const auto& [begin, why] : kNotRun) {
    if (shown.text == begin || shown.text.starts_with(begin + " ")) return why;
  }
  return {};
}

/// FILE, NN, COMMAND..., a|b, [x]: a form to be filled in, not a command.
bool is_form(const Shown& shown) {
  static const std::regex kBlank(
      R"((--)?[A-Z][A-Z0-9]*(\[[a-z,]+\])?(\.\.\.)?|.*\|.*|.*\.\.\..*|\[.*|\{.*)");
  return std::any_of(shown.words.begin(), shown.words.end(), [](const std::string& word) {
    return word != "FOLDER" && std::regex_match(word, kBlank);
  });
}

/// Without what stands behind " # ".
std::string without_comment(std::string line) {
  const std::size_t comment = line.find(" #");
  if (comment != std::string::npos) line.resize(comment);
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

void add(std::vector<Shown>& out, int line, std::string text, bool in_block) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(" && ", at), text.size());
    std::string one = text.substr(at, end - at);
    at = end + 4;
    if (one.starts_with("$ ")) one.erase(0, 2);
    bool ours = false;
    for (const std::string before : {"./dev run ", "attn ", "build/release/attn "}) {
      if (!one.starts_with(before) || ours) continue;
      one.erase(0, before.size());
      ours = true;
    }
    if (!ours || one.starts_with("=")) continue;
    out.push_back({line, one, attn::shell_words(one), in_block});
  }
}

/// Every command of a page: in blocks of code, and in code within a sentence or a table.
std::vector<Shown> commands_of(const std::string& page) {
  std::vector<Shown> out;
  int number = 0;
  for (const std::string& line : lines(page)) {
    ++number;
    if (line.starts_with("    ")) {
      std::string text = line.substr(4);
      add(out, number, without_comment(std::move(text)), true);
      continue;
    }
    for (std::size_t at = line.find('`'); at != std::string::npos; at = line.find('`', at + 1)) {
      const std::size_t end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      add(out, number, line.substr(at + 1, end - at - 1), false);
      at = end;
    }
  }
  return out;
}

/// Pages with commands: README.md and all of docs, by their name from the project's folder.
std::map<std::string, std::string> pages() {
  std::map<std::string, std::string> out = {
      {"README.md", Folder::read((kTop / "README.md").string())}};
  for (const auto& entry : fs::directory_iterator(kTop / "docs")) {
    if (entry.path().extension() == ".md")
      out["docs/" + entry.path().filename().string()] = Folder::read(entry.path().string());
  }
  REQUIRE(out.size() > 10);
  return out;
}

/// The name of a command that a line begins with, "" if there is none. "bert" alone is a family.
std::string name_of(const Words& words) {
  if (words.empty()) return {};
  if (words.size() > 1 && find_command(words[0] + " " + words[1])) return words[0] + " " + words[1];
  return find_command(words[0]) ? words[0] : "";
}

/// That the command and each of its options are there; of `why` and `help` those of the command
/// behind it.
void check_known(const Shown& shown) {
  const std::string name = name_of(shown.words);
  if (shown.words[0] == "help" || shown.words[0] == "COMMAND" || shown.words[0] == "--version")
    return;
  if (name.empty() && !attn::app::parts_of(shown.words[0]).empty()) return;  // attn bert COMMAND
  REQUIRE_MESSAGE(!name.empty(), "no such command");
  std::set<std::string> known = {"--help"};
  for (const attn::app::OptionRow& row : attn::app::option_rows(*find_command(name)))
    known.insert(row.name);
  if (name == "why") {
    for (const std::string& word : shown.words) {
      const Command* inner = find_command(word);
      if (!inner || word == "why") continue;
      for (const attn::app::OptionRow& row : attn::app::option_rows(*inner)) known.insert(row.name);
    }
  }
  for (const std::string& word : shown.words) {
    if (word == "--") break;
    if (!word.starts_with("--")) continue;
    const std::string option = word.substr(0, word.find_first_of("=[|"));
    INFO("attn ", name, " has no option ", option);
    CHECK(known.contains(option));
  }
}

/// Named within a sentence, without what it needs: `attn why`, `attn translate --model`.
bool is_mention(const Shown& shown) {
  if (shown.in_block) return false;
  const Command* command = find_command(name_of(shown.words));
  if (!command || command->asks_another) return shown.words.size() == 1;
  for (const attn::app::OptionRow& row : attn::app::option_rows(*command)) {
    if (row.name == shown.words.back() && !row.value.empty()) return true;
  }
  return false;
}

/// What the pages' commands read: a folder for each page, with these in it.
void furnish(const Folder& folder) {
  fs::copy(reference_checkpoint("pretraining"), folder / "FOLDER", fs::copy_options::recursive);
  fs::create_directory(folder / "docs");
  folder.write("secret.txt", "a secret of the course, long enough\n");
  std::string text;
  for (int i = 0; i < 40; ++i) text += "the actors are playing and singing in the theatre again\n";
  folder.write("my.txt", text);
}

/// The first block of code behind this heading.
std::string block_behind(const std::string& page, const std::string& heading) {
  std::string out;
  bool behind = false;
  for (const std::string& line : lines(page)) {
    behind = behind || line == heading;
    if (!behind) continue;
    if (line.starts_with("    ")) {
      out += line.substr(4) + "\n";
    } else if (!out.empty()) {
      return out;
    }
  }
  return out;
}

/// Times and the digits of numbers do not matter where two runs are compared.
std::string without_numbers(const std::string& text) {
  return std::regex_replace(text, std::regex(R"(-?\d+(\.\d+)?(e-?\d+)?)"), "#");
}

}  // namespace

TEST_CASE("documents: every command in them is one that attn has, with options that it has") {
  std::size_t seen = 0;
  for (const auto& [name, page] : pages()) {
    for (const Shown& shown : commands_of(page)) {
      INFO(name, ":", shown.line, ": attn ", shown.text);
      check_known(shown);
      ++seen;
    }
  }
  CHECK(seen > 120);
}

TEST_CASE("documents: every command that is not a form and not slow runs, in the page's order") {
  std::size_t run_count = 0;
  std::set<std::string> reasons;
  for (const auto& [name, page] : pages()) {
    const Folder folder;
    furnish(folder);
    // The two examples of files are used by commands of their pages.
    folder.write("my.topics", block_behind(pages().at("docs/corpus.md"), "## The file"));
    for (const Shown& shown : commands_of(page)) {
      INFO(name, ":", shown.line, ": attn ", shown.text);
      if (is_form(shown) || is_mention(shown)) continue;
      if (const std::string why = reason_not_run(shown); !why.empty()) {
        reasons.insert(why);
        continue;
      }
      Words words = shown.words;
      if (name != "README.md" && words.size() > 1 && words[0] == "homework" && words[1] == "grade")
        fs::create_directories(folder / "results");
      if (contains(shown.text, "submission")) {
        for (const char* place : {"submission", "submissions/ada"}) {
          if (fs::exists(folder / place)) continue;
          fs::create_directories(fs::path(folder / place).parent_path());
          expect(Launch{.arguments = {"homework", "new", "softmax", "--student", "ada", "--out",
                                      place},
                        .folder = folder.path()},
                 0);
        }
      }
      const Result r = run(Launch{.arguments = words, .folder = folder.path(), .seconds = 60});
      INFO(r.describe());
      CHECK(r.exit_code == (kSaysNo.contains(name_of(words)) ? 1 : 0));
      CHECK_FALSE(r.out.empty());
      ++run_count;
    }
  }
  CHECK(run_count > 60);
  CHECK(reasons.size() == kNotRun.size());  // no reason is left that no page needs
}

TEST_CASE("documents: an example of a file is a file that is read") {
  const Folder folder;
  const auto all = pages();
  folder.write("my.topics", block_behind(all.at("docs/corpus.md"), "## The file"));
  folder.write("my.grammar", block_behind(all.at("docs/languages.md"), "## A grammar"));
  expect(Launch{.arguments = {"bert", "corpus", "--corpus", "my.topics"}, .folder = folder.path()},
         0, "the farmer");
  expect(Launch{.arguments = {"train", "translate", "--language", "my.grammar", "--steps", "3",
                              "--dim", "8"},
                .folder = folder.path()},
         0, "BLEU");
  // Too few sentences: the file is named, and how many are needed.
  folder.write("few.grammar",
               "SENTENCE = $WHO $VERB . | $WHO $VERB .\nWHO = dogs | Hunde\n"
               "VERB = play | spielen\n");
  const Result r = expect(Launch{.arguments = {"train", "translate", "--language", "few.grammar"},
                                 .folder = folder.path()},
                          3, "few.grammar: none of");
  CHECK(contains(r.err, "50 at the least"));
}

TEST_CASE("documents: what README says a command prints, it prints") {
  const std::string page = pages().at("README.md");
  const Result attend = expect({"attend", "the animal was tired", "--show", "scores,weights"}, 0);
  const Result why = expect({"why", "weights[3,3]", "attend", "the animal was tired"}, 0);
  const auto without_time = [](const std::string& line) {
    return std::regex_replace(line, std::regex(R"( +\d+\.\d+ ms)"), "");
  };
  std::set<std::string> printed;
  for (const std::string& line : lines(attend.out)) printed.insert(without_time(line));
  for (const std::string& line : lines(why.out)) printed.insert(line);
  std::size_t compared = 0;
  bool behind = false;
  for (const std::string& line : lines(page)) {
    behind = behind || line.ends_with("In the terminal:");
    if (line.starts_with("## ")) behind = false;
    if (!behind || !line.starts_with("    ") || line.starts_with("    $ ")) continue;
    INFO(line);
    CHECK(printed.contains(without_time(line.substr(4))));
    ++compared;
  }
  CHECK(compared >= 11);
}

TEST_CASE("documents: README's picture is what the command beside it writes") {
  const std::string page = pages().at("README.md");
  const std::string begin =
      "./dev run attend 'the animal was tired' --show 'scores,weights' --out docs/attend.svg";
  CHECK(contains(page, begin));
  CHECK(contains(page, "](docs/attend.svg)"));
  const Folder folder;
  expect({"attend", "the animal was tired", "--show", "scores,weights", "--out",
          folder / "attend.svg"},
         0);
  const std::string there = Folder::read((kTop / "docs/attend.svg").string());
  REQUIRE_FALSE(there.empty());
  CHECK(without_numbers(there) == without_numbers(Folder::read(folder / "attend.svg")));
}

TEST_CASE("documents: every link in README and docs leads to a file") {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const auto& [name, page] : pages()) {
    const fs::path from = (kTop / name).parent_path();
    for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it) {
      INFO(name, ": ", (*it)[1].str());
      CHECK(fs::exists(from / (*it)[1].str()));
    }
  }
}
