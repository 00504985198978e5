// What is higher than the window: a summary, and then page by page.
#include <doctest/doctest.h>

#include <algorithm>

#include "program/on_terminal.h"

using namespace attn::test;

namespace {

std::size_t lines_on(const std::string& screen) {
  return static_cast<std::size_t>(std::count(screen.begin(), screen.end(), '\n'));
}

}  // namespace

TEST_CASE("paging: in a terminal each stage begins with a summary that fits into the window") {
  const Folder home;
  for (const Words& words : {Words{"attend"},
                             {"score"},
                             {"encoder"},
                             {"heads"},
                             {"mask"},
                             {"transformer"},
                             {"bert", "attend"}}) {
    INFO(words[0]);
    OnTerminal terminal(words, at(home, "xterm"));
    terminal.wait_for("-- Enter: everything, page by page (");
    CHECK(lines_on(terminal.screen()) < 24);
    CHECK(contains(terminal.screen(), "(--timing: each step)."));
    CHECK_FALSE(contains(terminal.screen(), "GFLOP/s"));
    terminal.type("q\n");
    CHECK(terminal.finish() == 0);
  }
}

TEST_CASE("paging: in a terminal each training begins with its result, within the window") {
  const Folder home;
  const std::pair<Words, const char*> kTrainings[] = {
      {{"train", "reverse", "--length", "4", "--steps", "2"}, "It reached an accuracy of"},
      {{"train", "adding", "--steps", "2"}, "It reached a loss of"},
      {{"train", "translate", "--steps", "2"}, "test sentences without a mistake."},
      {{"compare", "--task", "reverse", "--models", "fc,cnn", "--lengths", "4", "--seeds", "1",
        "--steps", "2"},
       "n = 4: "},
      {{"bert", "pretrain", "--steps", "2"}, "hidden words: loss"},
      {{"bert", "finetune", "--steps", "2", "--seeds", "1", "--examples", "8"},
       "supports no verdict"}};
  for (const auto& [words, result] : kTrainings) {
    INFO(words[0], " ", words[1]);
    OnTerminal terminal(words, at(home, "xterm"));
    terminal.wait_for("-- Enter: everything, page by page (");
    const std::string& screen = terminal.screen();
    CHECK(lines_on(screen) < 24);
    CHECK(contains(screen, result));
    terminal.type("q\n");
    CHECK(terminal.finish() == 0);
  }
}

TEST_CASE("paging: a lesson without questions waits at the end of each window, and q leaves it") {
  const Folder home;
  const Words lesson = {"lesson", "01", "--from", ATTN_LESSONS_DIR, "--no-quiz"};
  OnTerminal terminal(lesson, at(home, "xterm"), 80, 10);
  terminal.wait_for("-- more: Enter -- ");
  CHECK(lines_on(terminal.screen()) < 10);
  terminal.type("\n");
  terminal.wait_for("-- more: Enter -- ");
  terminal.type("q\n");
  CHECK(terminal.finish() == 0);
  OnTerminal at_once(with(lesson, {"--no-pager"}), at(home, "xterm"), 80, 10);
  CHECK(at_once.finish() == 0);
  CHECK_FALSE(contains(at_once.screen(), "more: Enter"));
}

TEST_CASE("paging: Enter shows all, q leaves, and files are written before") {
  const Folder home;
  OnTerminal terminal({"attend", "--out", home / "all.json"}, at(home, "xterm"));
  terminal.wait_for("q: the end -- ");
  CHECK_FALSE(Folder::read(home / "all.json").empty());
  terminal.type("\n");
  terminal.wait_for("One vector per word");
  terminal.wait_for("-- more: Enter -- ");
  terminal.type("q\n");
  CHECK(terminal.finish() == 0);
  CHECK_FALSE(contains(terminal.screen(), "Turns a token's vector into its query"));
}

TEST_CASE("paging: a program that PAGER names is used, and one that is not there does no harm") {
  const Folder home;
  for (const char* pager : {"PAGER=tr a-z A-Z", "PAGER=/no/such/pager"}) {
    INFO(pager);
    Words environment = at(home, "xterm");
    environment.emplace_back(pager);
    OnTerminal terminal({"attend", "--show", "*"}, environment);
    terminal.wait_for(pager[6] == 't' ? "ONE HEAD OF SELF-ATTENTION" : "-- more: Enter -- ");
    if (pager[6] != 't') terminal.type("q\n");
    CHECK(terminal.finish() == 0);
  }
}

TEST_CASE("paging: what fits, what is asked for at once, and plain text do not wait") {
  const Folder home;
  for (const Words& words : {Words{"attend", "--no-pager"},
                             {"attend", "--plain"},
                             {"attend", "--json"},
                             {"attend", "a b", "--show", "weights"}}) {
    OnTerminal terminal(words, at(home, "xterm"));
    CHECK(terminal.finish() == 0);
    CHECK_FALSE(contains(terminal.screen(), "Enter"));
  }
}

TEST_CASE("paging: piped, everything comes, and the cost of each step where it is asked for") {
  const Result all = expect({"attend"}, 0, "(--timing: each step).");
  CHECK(lines(all.out).size() > 100);
  CHECK_FALSE(contains(all.out, "GFLOP/s"));
  expect({"attend", "--timing"}, 0, "GFLOP/s");
  expect({"attend", "--repeat", "2"}, 0, "GFLOP/s");
}
