#pragma once
// What a process has around it, changed for a while: variables, standard files, a terminal.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace attn::test {

/// A variable of the environment, set (or, with null, taken away) for a while.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    if (value) {
      ::setenv(name, value, 1);
    } else {
      ::unsetenv(name);
    }
  }
  Environment(const Environment&) = delete;
  ~Environment() {
    if (old_) {
      ::setenv(name_, old_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

/// A standard file (0, 1, 2) that is another file for a while. Check nothing meanwhile: what
/// doctest says goes there, too.
class Redirected {
 public:
  Redirected(int standard, int to) : standard_(standard), before_(::dup(standard)) {
    ::dup2(to, standard_);
  }
  Redirected(int standard, const std::string& path) : Redirected(standard, Opened(path).file) {}
  Redirected(const Redirected&) = delete;
  ~Redirected() {
    ::dup2(before_, standard_);
    ::close(before_);
  }

 private:
  struct Opened {
    explicit Opened(const std::string& path) : file(::open(path.c_str(), O_RDWR | O_CREAT, 0600)) {
      REQUIRE(file >= 0);
    }
    ~Opened() { ::close(file); }
    int file;
  };
  int standard_, before_;
};

/// A terminal with a window of this size.
class PseudoTerminal {
 public:
  PseudoTerminal(unsigned short rows, unsigned short columns) {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    REQUIRE(::openpty(&outside_, &inside_, nullptr, nullptr, &size) == 0);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  ~PseudoTerminal() {
    ::close(outside_);
    ::close(inside_);
  }
  /// What a program has as its standard files.
  int inside() const { return inside_; }

 private:
  int outside_ = -1, inside_ = -1;
};

}  // namespace attn::test
