#pragma once
// The program in a real terminal: a pseudo-terminal on which somebody types.
#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "program/process.h"

namespace attn::test {

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
  void resize(unsigned short rows, unsigned short columns) {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    REQUIRE(::ioctl(terminal_, TIOCSWINSZ, &size) == 0);
  }
  /// Reads until this text has come, or fails.
  void wait_for(const std::string& text) {
    const std::size_t from = seen_;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
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
    if (::poll(&wanted, 1, 120'000) <= 0) return false;
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

inline Words at(const Folder& home, const std::string& term) {
  return {"HOME=" + home.path(), "TERM=" + term, "LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
}

}  // namespace attn::test
