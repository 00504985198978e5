// A lesson in a real terminal: a pseudo-terminal on which somebody types.
#include <doctest/doctest.h>

#include "program/on_terminal.h"

using namespace attn::test;

namespace {

const Words kLesson = {"lesson", "01", "--from", ATTN_LESSONS_DIR};

}  // namespace

TEST_CASE("lesson: in a terminal it asks, answers, and keeps how far one came") {
  const Folder home;
  {
    OnTerminal t(kLesson, at(home, "xterm-256color"));
    t.wait_for("What do the weights of 1, 2, 3 sum to?");
    t.wait_for("a number (h hint, s show me, q quit) > ");
    t.type("6\n");
    t.wait_for("How sure are you?");
    t.type("3\n");
    t.wait_for("That is the sum of the scores.");
    t.type("1\n");
    t.wait_for("Right.");
    t.wait_for("Enter goes on");
    t.type("\n");
    t.wait_for("Which score gets the most?");
    t.type("q\n");
    t.wait_for("You stopped at screen 2 of 4");
    CHECK(t.finish() == 0);
    CHECK(contains(t.screen(), "\x1b["));  // colours
  }
  OnTerminal t(kLesson, at(home, "xterm-256color"));
  t.wait_for("You go on at screen 2 of 4");
  t.wait_for("1 to 2");
  t.type("s\n");
  t.wait_for("Answer:");
  t.type("\n");
  t.wait_for("attn softmax");
  t.type("\n");
  t.wait_for("What to try next");
  t.type("\n");
  t.wait_for("Sure and wrong");
  CHECK(t.finish() == 0);
  expect(Launch{.arguments = {"lesson", "list", "--from", ATTN_LESSONS_DIR},
                .environment = {{"HOME", home.path()}}},
         0, "done");
}

TEST_CASE("lesson: in a window of few rows q at the pager ends it in order") {
  for (const unsigned short rows : {1, 3, 4, 5}) {
    CAPTURE(rows);
    const Folder home;
    OnTerminal t(kLesson, at(home, "xterm"), 80, rows);
    t.wait_for("-- more: Enter --");
    t.type("q\n");
    t.wait_for("You stopped at screen 1 of 4");
    CHECK(t.finish() == 0);
  }
}

TEST_CASE("lesson: --screen begins there, and at the end Enter begins the next lesson") {
  const Folder home;
  OnTerminal t({"lesson", "00", "--from", ATTN_LESSONS_DIR, "--screen", "8"}, at(home, "xterm"));
  t.wait_for("8/8  Enter ends the lesson");
  t.type("\n");
  t.wait_for("Enter begins lesson 01, The one after it (1 minute); q ends > ");
  t.type("\n");
  t.wait_for("What do the weights of 1, 2, 3 sum to?");
  t.type("q\n");
  CHECK(t.finish() == 0);
  expect({"lesson", "00", "--from", ATTN_LESSONS_DIR, "--screen", "9"}, 2, "has 8 screens");
  expect({"lesson", "00", "--from", ATTN_LESSONS_DIR, "--screen", "2", "--json"}, 2, "--screen");
}

TEST_CASE("lesson: Ctrl-C where one changes a command takes back the change and no more") {
  const Folder home;
  OnTerminal t({"lesson", "00", "--from", ATTN_LESSONS_DIR, "--screen", "8"}, at(home, "xterm"));
  t.wait_for("8/8");
  t.type("e\n");
  t.wait_for("change > ");
  t.type("\x03");
  t.wait_for("8/8");
  t.type("e\n");
  t.wait_for("change > ");
  t.type("--repeat 100000\n");
  t.type("\x03");
  t.wait_for("8/8");
  t.type("q\n");
  t.wait_for("You stopped at screen 8 of 8");
  CHECK(t.finish() == 0);
}

TEST_CASE("lesson: a window that has changed its width is heard at the next screen") {
  const Folder home;
  OnTerminal t({"lesson", "00", "--from", ATTN_LESSONS_DIR}, at(home, "xterm"));
  t.wait_for("1/8  Enter goes on");
  t.resize(24, 30);
  t.type("g 1\n");
  t.wait_for("1/8  Enter goes on");
  CHECK(contains(t.screen(), "words and\r\n"));
  t.type("q\n");
  CHECK(t.finish() == 0);
}

TEST_CASE("lesson: TERM=dumb, 20 columns and LANG=C are enough") {
  const Folder home;
  Words environment = at(home, "dumb");
  environment[2] = "LANG=C";
  OnTerminal t(kLesson, environment, 20);
  t.wait_for("q quit) > ");
  t.type("1\n");
  t.wait_for("> ");
  t.type("2\n");
  t.wait_for("Right.");
  t.wait_for("> ");
  t.type("q\n");
  CHECK(t.finish() == 0);
  CHECK_FALSE(contains(t.screen(), "\x1b"));
}

TEST_CASE("lesson: the end of input at a prompt ends it in order") {
  const Folder home;
  OnTerminal t(kLesson, at(home, "xterm"));
  t.wait_for("q quit) > ");
  t.type("\x04");
  t.wait_for("You stopped at screen 1 of 4");
  CHECK(t.finish() == 0);
}

TEST_CASE("lesson: Ctrl-C stops as q does") {
  const Folder home;
  OnTerminal t(kLesson, at(home, "xterm"));
  t.wait_for("q quit) > ");
  t.type("\x03");
  t.wait_for("You stopped at screen 1 of 4. Go on with: attn lesson 01");
  CHECK(t.finish() == 0);
}

TEST_CASE("lesson: progress that cannot be kept is said once, and the lesson goes on") {
  const Folder home;
  home.write(".local", "a file where a folder should be");
  OnTerminal t(kLesson, at(home, "dumb"));
  t.wait_for("progress is not kept");
  t.wait_for("q quit) > ");
  t.type("1\n");
  t.wait_for("> ");
  t.type("2\n");
  t.wait_for("Right.");
  t.type("q\n");
  CHECK(t.finish() == 0);
  const std::size_t first = t.screen().find("progress is not kept");
  CHECK(t.screen().find("progress is not kept", first + 1) == std::string::npos);
}

TEST_CASE("lesson: --no-quiz and --plain print it in a terminal too") {
  for (const char* option : {"--no-quiz", "--plain"}) {
    const Folder home;
    Words words = kLesson;
    words.insert(words.end(), {option, "--no-pager"});
    OnTerminal t(words, at(home, "xterm"));
    t.wait_for("What to try next");
    CHECK(t.finish() == 0);
    CHECK(contains(t.screen(), "Answer:"));
  }
}
