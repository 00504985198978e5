// Every row of the table of commands, run as a process and in this one.
#include "app/about/help.h"
#include "app/frame/execute.h"
#include "app/frame/outputs.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "attn/core/error.h"
#include "attn/render/json.h"
#include "attn/text/shell_words.h"
#include "attn/text/utf8.h"
#include "program/process.h"

using attn::app::Command;
using attn::app::commands;
using namespace attn::test;
using nlohmann::json;

namespace {

/// Commands that take long, write files or measure: only their help is looked at here.
bool is_quick(const Command& command) {
  // A lesson's and a homework's commands have tests of their own: some keep what was done.
  static const std::set<std::string> kSlow = {"bench",  "train",    "compare",  "complexity",
                                              "lesson", "homework", "exercise", "doctor"};
  return kSlow.count(command.name.substr(0, command.name.find(' '))) == 0;
}

/// A document without what differs from run to run: times and the command line.
json steady(const std::string& text) {
  json document = json::parse(text);
  document.erase("milliseconds");
  document.erase("command");
  document.erase("threads");
  document.erase("remarks");  // some tell times
  for (json& step : document["steps"]) {
    step.erase("milliseconds");
    step.erase("spread");
  }
  for (json& table : document["tables"]) {
    std::size_t column = 0;
    for (const json& name : table["columns"]) {
      const auto is = [&](const char* unit) { return contains(name.get<std::string>(), unit); };
      if (is("(ms)") || is("seconds") || is("ms per step")) {
        for (json& row : table["rows"]) row[column] = 0;
      }
      ++column;
    }
  }
  return document;
}

/// The largest difference between two nested lists of numbers; text such as "-inf" must be equal.
double difference(const json& a, const json& b) {
  if (a.type() != b.type() && !(a.is_number() && b.is_number())) return INFINITY;
  if (a.is_number()) return std::abs(a.get<double>() - b.get<double>());
  if (!a.is_array()) return a == b ? 0 : INFINITY;
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, difference(a[i], b[i]));
  return largest;
}

json step_values(const json& document) {
  json out;
  for (const json& step : document["steps"]) out[step["path"].get<std::string>()] = step["values"];
  return out;
}

}  // namespace

TEST_CASE("the table of commands has no name twice and no row without its words") {
  std::set<std::string> names;
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK(names.insert(command.name).second);
    CHECK_FALSE(command.group.empty());
    CHECK_FALSE(command.summary.empty());
    CHECK((command.example + " ").starts_with(command.name + " "));
    CHECK(contains(attn::app::overview(), "  " + command.name + " "));
  }
}

TEST_CASE("over the table of commands, no output may be a file that another option reads") {
  using attn::app::FileUse;
  using attn::app::OptionRow;
  const Folder folder;
  const std::string file = folder.write("x.csv", "1,2\n"), trace = folder.write("trace.json", "{}"),
                    hard = folder / "hard.csv", soft = folder / "soft.csv";
  std::filesystem::create_hard_link(file, hard);
  std::filesystem::create_symlink(file, soft);
  const auto word = [](const OptionRow& row, const std::string& path) {
    for (const std::string& choice : row.choices) {  // graph:FILE
      if (choice.ends_with(":FILE"))
        return row.name + "=" + choice.substr(0, choice.size() - 4) + path;
    }
    return row.name.starts_with("--") ? row.name + "=" + path : path;
  };
  std::set<std::string> seen;
  for (const Command& command : commands()) {
    const std::vector<OptionRow> rows = option_rows(command);
    for (const OptionRow& in : rows) {
      if (in.file != FileUse::reads) continue;
      for (const OptionRow& out : rows) {
        if (out.file != FileUse::writes) continue;
        seen.insert(in.name + " " + out.name);
        const bool exports = out.name == "--export";
        const Words outputs = exports ? Words{folder.path(), folder / ".", folder / "trace.json"}
                                      : Words{file, hard, soft, folder / "./x.csv"};
        for (const std::string& output : outputs) {
          const Words line = {command.name, word(in, exports ? trace : file), word(out, output)};
          CAPTURE(line);
          std::string said;
          try {
            attn::app::check_outputs(attn::app::parse_command_line(line).common);
          } catch (const attn::Error& e) {
            said = e.what();
          }
          CHECK_MESSAGE(contains(said, "is both input and output"), said);
        }
      }
    }
  }
  for (const char* pair : {"--input --out", "--memory --out", "--vocab --export",
                           "--checkpoint --out", "FILE --save", "--mask --save-weights"})
    CHECK_MESSAGE(seen.contains(pair), pair);
  // A BERT that is saved into the folder of the vocabulary that it learns with.
  const std::string vocabulary = folder.write("vocab.txt", "[PAD]\n");
  expect({"bert", "pretrain", "--vocab", vocabulary, "--save", folder.path()}, 2,
         "is both input and output");
  CHECK(Folder::read(file) == "1,2\n");
  CHECK(Folder::read(trace) == "{}");
}

TEST_CASE("over the table of commands, a place that cannot be written is told before any work") {
  using attn::app::FileUse;
  const Folder folder;
  const std::string file = folder.write("file", "kept\n"), closed = folder / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_read);
  const bool bound = ::access(closed.c_str(), W_OK) != 0;  // the superuser may write anywhere
  std::set<std::string> seen;
  for (const Command& command : commands()) {
    for (const attn::app::OptionRow& row : option_rows(command)) {
      if (row.file != FileUse::writes) continue;
      seen.insert(row.name);
      const std::string name = row.name == "--save-weights" ? "x.safetensors" : "x.csv";
      Words places = {file + "/" + name};
      if (bound) places.push_back(closed + "/" + name);
      if (row.value != "DIR") places.push_back(folder / ("missing/" + name));
      if (row.value != "DIR") places.push_back(closed);
      for (const std::string& place : places) {
        const Words line = {command.name,
                            row.name.starts_with("--") ? row.name + "=" + place : place};
        CAPTURE(line);
        std::string said;
        try {
          attn::app::check_outputs(attn::app::parse_command_line(line).common);
        } catch (const attn::Error& e) {
          CHECK(e.kind() == attn::ErrorKind::io);
          said = e.what();
        }
        CHECK_MESSAGE(contains(said, "cannot "), said);
      }
    }
  }
  for (const char* name :
       {"--out", "--export", "--save-weights", "--checkpoint", "--cache", "FILE"})
    CHECK_MESSAGE(seen.contains(name), name);
  CHECK(Folder::read(file) == "kept\n");
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
}

TEST_CASE("over the table of commands, what reads a checkpoint is told its letters") {
  std::size_t readers = 0;
  for (const Command& command : commands()) {
    std::map<std::string, attn::app::FileUse> rows;
    for (const attn::app::OptionRow& row : option_rows(command)) rows[row.name] = row.file;
    const auto found = rows.find("--checkpoint");
    if (found == rows.end() || found->second != attn::app::FileUse::reads) continue;
    ++readers;
    CAPTURE(command.name);
    CHECK(rows.contains("--cased"));
    CHECK(rows.contains("--uncased"));
  }
  CHECK(readers >= 6);
}

TEST_CASE("every command runs its example, in every form, as the contract says") {
  for (const Command& command : commands()) {
    if (!is_quick(command)) continue;
    for (const char* form : {"", "--plain", "--quiet", "--json", "--convention column"}) {
      Words words = attn::shell_words(command.example);
      for (const std::string& word : attn::shell_words(form)) words.push_back(word);
      const Result r = run(Launch{.arguments = words, .environment = {{"COLUMNS", "80"}}});
      INFO(r.describe());
      CHECK(r.exit_code == 0);
      // On a slow machine the longest ones say after 10 seconds how far they are.
      CHECK((r.err.empty() || r.seconds > 9));
      CHECK_FALSE(r.out.empty());
      CHECK_FALSE(contains(r.out, "\x1b"));
      if (words.back() == "--json" && command.name != "man") CHECK(json::accept(r.out));
      if (words.back() == "--plain" && command.name != "man" && command.name != "completions") {
        for (const std::string& line : attn::test::lines(r.out))
          CHECK_MESSAGE(attn::display_width(line) <= 80, line);
      }
    }
  }
  CHECK(run({"doctor"}).exit_code == 0);
}

TEST_CASE("the help of every command names each option and fits in 79 columns") {
  for (const Command& command : commands()) {
    const Result r = expect({command.name, "--help"}, 0, command.summary);
    for (const std::string& line : attn::test::lines(r.out)) {
      CAPTURE(line);
      CHECK(attn::display_width(line) <= 79);
    }
    std::set<std::string> names;
    for (const attn::app::OptionRow& row : option_rows(command)) {
      CAPTURE(row.name);
      CHECK(contains(r.out, row.name));
      CHECK(names.insert(row.name).second);
      CHECK_FALSE(row.help.empty());
    }
    CHECK_FALSE(contains(r.out, "default -1"));
    CHECK(contains(r.out, command.example));
  }
  for (const std::string& line : attn::test::lines(attn::app::overview()))
    CHECK(attn::display_width(line) <= 79);
}

TEST_CASE("in one process every command gives the same twice, in any order") {
  std::vector<Words> lines;
  for (const Command& command : commands()) {
    if (is_quick(command)) lines.push_back(attn::shell_words(command.example));
  }
  std::map<Words, json> first;
  for (const Words& line : lines) first[line] = steady(attn::json(attn::app::compute(line)));
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    CAPTURE((*line)[0]);
    CHECK(steady(attn::json(attn::app::compute(*line))) == first[*line]);
  }
  for (const Words& line : {lines[2], lines[0], lines[4]}) {
    Words words = line;
    words.push_back("--json");
    CHECK(steady(run(words).out)["steps"] == first[line]["steps"]);
  }
}

TEST_CASE("the same seed gives the same bytes, another seed others") {
  for (const char* command : {"embed", "qkv", "score", "attend", "heads"}) {
    const std::string once = run({command, "--quiet", "--plain", "--seed", "7"}).out;
    if (std::string_view(command) != "score")
      CHECK(once == run({command, "--quiet", "--plain", "--seed", "7"}).out);
    CHECK(once != run({command, "--quiet", "--plain", "--seed", "8"}).out);
    CHECK(steady(run({command, "--json"}).out) ==
          steady(run({command, "--json", "--seed", "1"}).out));
  }
  CHECK(trace_of({"softmax", "--hard", "sample", "--seed", "3"})["steps"].size() > 2);
  CHECK(step_values(trace_of({"softmax", "--hard", "sample", "--seed", "3"})) ==
        step_values(trace_of({"softmax", "--hard", "sample", "--seed", "3"})));
  expect({"attend", "--seed", "0"}, 0);
  expect({"attend", "--seed", "4611686018427387904"}, 0);
}

TEST_CASE("more threads give the same values, nearly") {
  for (const Words& words : {Words{"heads", "--dim", "64", "--heads", "8"},
                             Words{"attend", "--dim", "256"}, Words{"score"}}) {
    const json one = step_values(trace_of(words));
    Words more = words;
    more.insert(more.end(), {"--threads", "2"});
    const json two = step_values(trace_of(more));
    for (const auto& [path, values] : one.items()) {
      CAPTURE(path);
      CHECK(difference(values, two[path]) < 1e-4);
      if (words[0] == "heads") CHECK(difference(values, two[path]) < 1e-5);
    }
  }
}

TEST_CASE("--show, --quiet, --precision and --convention change what is shown, not the numbers") {
  const std::string all = run({"attend"}).out, some = run({"attend", "--show", "weights"}).out;
  CHECK(some.size() < all.size() / 3);
  CHECK(contains(some, "weights"));
  CHECK_FALSE(contains(some, "w_q"));
  CHECK(contains(run({"attend", "--show", "w_*"}).out, "w_k"));
  CHECK(contains(run({"score", "--show", "comparison"}).out, "entropy"));
  CHECK(run({"attend", "--quiet"}).out.size() < all.size());
  CHECK(contains(run({"softmax", "1 2", "--precision", "9", "--show", "weights"}).out,
                 "0.268941432"));
  CHECK(contains(run({"softmax", "1 2", "--precision", "0"}).out, "weights"));
  expect({"softmax", "1 2", "--precision", "17"}, 0, "0.26894143223762512");
  const std::string column =
      run({"embed", "a b c", "--convention", "column", "--quiet", "--show", "x"}).out;
  CHECK(column != run({"embed", "a b c", "--quiet", "--show", "x"}).out);
  CHECK(step_values(trace_of({"embed", "a b c", "--convention", "column"})) ==
        step_values(trace_of({"embed", "a b c"})));
  // What is said of rows and columns stays as it is; how to read it is said once.
  const Words position = {"position", "a b", "--plain", "--convention", "column"};
  const std::string said = run(position).out;
  CHECK(contains(said, "a row there"));
  CHECK(contains(said, "Each row is one place. The left columns swing quickly"));
  CHECK_FALSE(contains(run({"position", "a b", "--plain"}).out, "a row there"));
}

TEST_CASE("--repeat shows a median with its spread and the same numbers") {
  const json repeated = trace_of({"heads", "--repeat", "5"});
  CHECK(repeated["steps"].back().contains("spread"));
  CHECK(step_values(repeated) == step_values(trace_of({"heads"})));
  expect({"score", "--repeat", "3"}, 0, "comparison");
}

TEST_CASE("saved parameters give the same values again") {
  const Folder folder;
  const std::string file = folder / "w.safetensors";
  for (const Words& words :
       {Words{"attend", "a b c"}, Words{"heads", "a b c"}, Words{"score", "a b c"},
        Words{"qkv", "a b c"}, Words{"embed", "a b c"}, Words{"mask", "a b c"},
        Words{"position", "a b c", "--kind", "learned"}}) {
    Words save = words, load = words;
    save.insert(save.end(), {"--seed", "5", "--save-weights", file});
    load.insert(load.end(), {"--seed", "9", "--weights", file});
    const json saved = trace_of(save), loaded = trace_of(load);
    CAPTURE(words[0]);
    CHECK(step_values(saved) == step_values(loaded));
  }
}

TEST_CASE("a weights file that does not fit is refused with every difference at once") {
  const Folder folder;
  const std::string file = folder / "w.safetensors", other = folder / "other.safetensors";
  expect({"attend", "a b c", "--save-weights", file}, 0);
  const Result r = expect({"heads", "a b c d", "--dim", "4", "--weights", file}, 3, "w_o");
  for (const char* name : {"w_q", "w_k", "w_v", "w_o", "embedding"})
    CHECK(contains(r.err + r.out, name));
  expect({"heads", "a b c", "--save-weights", other}, 0);
  expect({"attend", "a b c", "--weights", other}, 3, "w_o");
  const std::string bytes = Folder::read(file);
  expect(
      {"attend", "--weights", folder.write("cut.safetensors", bytes.substr(0, bytes.size() - 1))},
      3, "cut.safetensors");
  expect({"attend", "--weights", folder.write("long.safetensors", bytes + "x")}, 3, "");
  expect({"attend", "--weights", folder.write("empty.safetensors", "")}, 3, "");
  expect({"attend", "--weights", folder.write("length.safetensors", std::string(8, '\xff'))}, 3,
         "");
  expect({"attend", "--weights", folder / "missing.safetensors"}, 4, "cannot open");
  // Pickles, bare and in the archive that PyTorch writes.
  expect({"attend", "--weights", folder.write("model.pt", std::string("\x80\x02}q\x00.", 6))}, 3,
         "pickle");
  expect({"attend", "--weights",
          folder.write("model.bin", std::string("PK\x03\x04", 4) + std::string(60, '\0'))},
         3, "safetensors");
}

TEST_CASE("completions are valid scripts") {
  const Folder folder;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Result r = expect({"completions", shell}, 0, "attn");
    for (const Command& command : commands())
      CHECK(contains(r.out, command.name.substr(command.name.find(' ') + 1)));
    const std::string script = folder.write(shell, r.out);
    if (!attn::test::installed(shell)) continue;
    const Result checked = run(
        Launch{.arguments = {"-c", std::string(shell) + " -n " + script}, .program = "/bin/sh"});
    INFO(checked.err);
    CHECK(checked.exit_code == 0);
    CHECK(checked.err.empty());
  }
  if (!attn::test::installed("bash")) return;
  const std::string ask =
      ". " + (folder / "bash") +
      "; COMP_WORDS=(attn heads --he); COMP_CWORD=2; _attn; echo ${COMPREPLY[@]}; "
      "COMP_WORDS=(attn sof); COMP_CWORD=1; _attn; echo ${COMPREPLY[@]}";
  CHECK(run(Launch{.arguments = {"-c", "bash -c '" + ask + "'"}, .program = "/bin/sh"}).out ==
        "--heads\nsoftmax\n");
}

TEST_CASE("the manual page is formatted without a warning") {
  const Folder folder;
  const Result r = expect({"man"}, 0, ".TH ATTN 1");
  const std::string page = folder.write("attn.1", r.out);
  for (const Command& command : commands()) CHECK(contains(r.out, ".SS " + command.name));
  for (const char* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS",
                              "ENVIRONMENT", "FILES", "SEE ALSO"})
    CHECK(contains(r.out, std::string("\n.SH ") + section + "\n"));
  if (!attn::test::installed("groff")) return;
  const Result formatted =
      run(Launch{.arguments = {"-c", "groff -man -Tutf8 -ww " + page}, .program = "/bin/sh"});
  INFO(formatted.err);
  CHECK(formatted.exit_code == 0);
  CHECK(formatted.err.empty());
  CHECK(contains(formatted.out, "heads"));
}
