// Completions in bash, as a shell would ask for them: the script is sourced, COMP_WORDS set, and
// the function called. zsh and fish get the same table (command_line.cpp reads their scripts).
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "app/frame/command.h"
#include "program/process.h"

using namespace attn::test;
using attn::app::Command;
using attn::app::commands;
using attn::app::FileUse;
using attn::app::OptionRow;

namespace {

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// bash with the script sourced, in a folder with a file, a file with blanks in its name and two
/// folders.
class Bash {
 public:
  Bash() {
    script_ = expect({"completions", "bash"}, 0).out;
    folder_.write("bash", script_);
    std::filesystem::create_directory(folder_ / "place");
    std::filesystem::create_directory(folder_ / "place/of");
    folder_.write("place/m.csv", "1\n");
    folder_.write("my file.npy", "1\n");
  }
  const std::string& script() const { return script_; }

  /// What is offered for the last word of each line; the words before it are whole.
  std::vector<Words> offered(const std::vector<Words>& asked) const {
    std::string text = ". ./bash\ncompopt() { echo \"$*\" >>said; }\n: >said\n";
    for (const Words& words : asked) {
      Words all;
      for (const std::string& word : words) all.push_back(quoted(word));
      text += fmt::format(
          "COMP_WORDS=({}); COMP_CWORD={}; _attn; printf '%s\\n' \"${{COMPREPLY[@]}}\" .\n",
          fmt::join(all, " "), words.size() - 1);
    }
    const Result r = run(
        Launch{.arguments = {"-c", "exec bash ask"}, .program = "/bin/sh", .folder = write(text)});
    INFO(r.describe());
    CHECK(r.exit_code == 0);
    CHECK(r.err.empty());
    options_ = Folder::read(folder_ / "said");
    std::vector<Words> out(1);
    for (const std::string& line : lines(r.out)) {
      if (line == ".") {
        out.emplace_back();
      } else if (!line.empty()) {
        out.back().push_back(line);
      }
    }
    out.pop_back();
    REQUIRE(out.size() == asked.size());
    return out;
  }
  Words offered(const Words& asked) const { return offered(std::vector<Words>{asked})[0]; }
  /// What was said to the shell by compopt in the last call.
  const std::string& options() const { return options_; }

 private:
  std::string write(const std::string& text) const {
    folder_.write("ask", text);
    return folder_.path();
  }

  Folder folder_;
  std::string script_;
  mutable std::string options_;
};

bool holds(const Words& all, const std::string& word) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

}  // namespace

TEST_CASE("completions in bash: commands, their second words, and what help may be asked for") {
  if (!installed("bash")) return;
  const Bash bash;
  CHECK(bash.offered(Words{"attn", "sof"}) == Words{"softmax"});
  CHECK(bash.offered(Words{"attn", "bert", "to"}) == Words{"tokens"});
  CHECK(bash.offered(Words{"attn", "help", "sof"}) == Words{"softmax"});
  CHECK(bash.offered(Words{"attn", "help", "bert", "to"}) == Words{"tokens"});
  CHECK(bash.offered(Words{"attn", "help", "heads", ""}).empty());
  CHECK(holds(bash.offered(Words{"attn", "help", ""}), "attend"));
  CHECK_FALSE(holds(bash.offered(Words{"attn", "help", ""}), "place"));
}

TEST_CASE("completions in bash: every option of every command, and every word that it may take") {
  if (!installed("bash")) return;
  const Bash bash;
  std::vector<Words> asked;
  std::vector<Words> wanted;
  for (const Command& c : commands()) {
    Words line = {"attn"};
    if (const std::size_t space = c.name.find(' '); space != std::string::npos)
      line.push_back(c.name.substr(0, space));
    line.push_back(c.name.substr(c.name.find(' ') + 1));
    Words options;
    for (const OptionRow& row : attn::app::option_rows(c)) {
      Words values;
      for (const std::string& choice : row.choices)
        values.push_back(choice.substr(0, std::min(choice.size(), choice.find(':') + 1)));
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].empty()) values[i] = row.choices[i];
      }
      if (row.suggestions) {
        for (const std::string& word : row.suggestions()) values.push_back(word);
      }
      if (row.file != FileUse::none && row.choices.empty()) values.emplace_back("place");
      if (!row.name.starts_with("--")) {
        asked.push_back(with(line, {""}));
        wanted.push_back(values);
        continue;
      }
      options.push_back(row.name);
      if (row.value.empty()) continue;
      asked.push_back(with(line, {row.name, ""}));
      wanted.push_back(values);
      if (values.empty()) wanted.back().push_back("(nothing)");
      asked.push_back(with(line, {row.name, "=", ""}));
      wanted.push_back(wanted.back());
    }
    asked.push_back(with(line, {"--"}));
    wanted.push_back(options);
  }
  const std::vector<Words> offered = bash.offered(asked);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    INFO(fmt::format("{}", fmt::join(asked[i], " ")));
    if (wanted[i] == Words{"(nothing)"}) {
      CHECK(offered[i].empty());
      continue;
    }
    for (const std::string& word : wanted[i]) {
      INFO(word, " is not offered");
      CHECK(holds(offered[i], word));
    }
  }
  CHECK(asked.size() > 500);
}

TEST_CASE("completions in bash: files, folders and lists") {
  if (!installed("bash")) return;
  const Bash bash;
  CHECK(bash.offered(Words{"attn", "attend", "--input", "my"}) == Words{"my file.npy"});
  CHECK(contains(bash.options(), "-o filenames"));
  CHECK(bash.offered(Words{"attn", "attend", "--input", "'my"}) == Words{"my file.npy"});
  CHECK(bash.offered(Words{"attn", "attend", "--input", "my\\ f"}) == Words{"my file.npy"});
  CHECK(bash.offered(Words{"attn", "attend", "--input", "place/"}) ==
        Words{"place/of", "place/m.csv"});
  CHECK(bash.offered(Words{"attn", "attend", "--export", "p"}) == Words{"place"});
  CHECK(bash.offered(Words{"attn", "bert", "fill", "--checkpoint", "place/"}) == Words{"place/of"});
  CHECK(bash.offered(Words{"attn", "attend", "--mask", "loc"}) == Words{"local:"});
  CHECK(contains(bash.options(), "-o nospace"));
  CHECK(bash.offered(Words{"attn", "attend", "--mask", "graph", ":", "pl"}) == Words{"place"});
  CHECK(bash.offered(Words{"attn", "attend", "--mask", "local", ":"}).empty());
  CHECK(bash.offered(Words{"attn", "compare", "--models", "rnn,ls"}) == Words{"rnn,lstm"});
  CHECK(bash.offered(Words{"attn", "train", "rev"}) == Words{"reverse"});
  CHECK(bash.offered(Words{"attn", "rnn", "--cell", "g"}) == Words{"gru"});
  CHECK(bash.offered(Words{"attn", "lesson", "05"}) == Words{"05"});
  CHECK(bash.offered(Words{"attn", "lesson", "05", "lis"}).empty());
  CHECK(bash.offered(Words{"attn", "exercise", "start", "masked"}) == Words{"masked-attention"});
  CHECK(bash.offered(Words{"attn", "homework", "new", "soft"}) == Words{"softmax"});
  CHECK(bash.offered(Words{"attn", "attend", "--seed", ""}).empty());
}

TEST_CASE("completions in bash: why offers what the command behind it takes, and its own") {
  if (!installed("bash")) return;
  const Bash bash;
  CHECK(bash.offered(Words{"attn", "why", "--d"}) == Words{"--depth"});
  CHECK(bash.offered(Words{"attn", "why", "'weights[0,1]'", "att"}) == Words{"attend"});
  CHECK(bash.offered(Words{"attn", "why", "--depth", "3", "w[0]", "att"}) == Words{"attend"});
  CHECK(bash.offered(Words{"attn", "why", "w[0]", "bert", "fil"}) == Words{"fill"});
  CHECK(bash.offered(Words{"attn", "why", "w[0]", "attend", "--mask", "ca"}) == Words{"causal"});
  const Words options = bash.offered(Words{"attn", "why", "w[0]", "attend", "--"});
  for (const char* option : {"--mask", "--seed", "--depth"}) CHECK(holds(options, option));
}
