// A lesson in a real terminal: a pseudo-terminal on which somebody types.
#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "program/process.h"

using namespace attn::test;

namespace {

/// The program on a pseudo-terminal.
class OnTerminal {
 public:
  OnTerminal(const Words& arguments, const Words& environment, unsigned short width = 80,
             unsigned short height = 24) {
    winsize size{};
    size.ws_col = width;
    size.ws_row = height;
    std::vector<char*> words{const_cast<char*>(ATTN_PROGRAM)}, variables;
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& word : environment)
      variables.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    variables.push_back(nullptr);
    child_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ == 0) {
      ::execve(ATTN_PROGRAM, words.data(), variables.data());
      ::_exit(127);
    }
    REQUIRE(child_ > 0);
  }
  OnTerminal(const OnTerminal&) = delete;
  ~OnTerminal() {
    ::close(terminal_);
    if (!ended_) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }

  void type(const std::string& keys) {
    REQUIRE(::write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  /// Reads until this text has come, or fails.
  void wait_for(const std::string& text) {
    const std::size_t from = seen_;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (screen_.find(text, from) == std::string::npos) {
      INFO("waiting for \"", text, "\" in: ", screen_);
      REQUIRE(std::chrono::steady_clock::now() < end);
      REQUIRE(turn());
    }
    seen_ = screen_.find(text, from) + text.size();
  }
  /// Reads to the end; the exit code, or -1.
  int finish() {
    while (turn()) {
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& screen() const { return screen_; }

 private:
  bool turn() {
    pollfd wanted{terminal_, POLLIN, 0};
    if (::poll(&wanted, 1, 20'000) <= 0) return false;
    char bytes[4096];
    const ssize_t count = ::read(terminal_, bytes, sizeof bytes);
    if (count <= 0) return false;  // EIO: the program has ended
    screen_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int terminal_ = -1;
  pid_t child_ = -1;
  bool ended_ = false;
  std::string screen_;
  std::size_t seen_ = 0;
};

Words at(const Folder& home, const std::string& term) {
  return {"HOME=" + home.path(), "TERM=" + term, "LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
}

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
    words.push_back(option);
    OnTerminal t(words, at(home, "xterm"));
    t.wait_for("What to try next");
    CHECK(t.finish() == 0);
    CHECK(contains(t.screen(), "Answer:"));
  }
}
