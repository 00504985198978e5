#pragma once
// Processes that attn starts for an exercise: each with limits, in a group of its own that is ended
// with it.
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attn::app {

/// What a child may use.
struct Limits {
  double seconds = 10;                              ///< by the clock
  unsigned cpu_seconds = 10;                        ///< of a processor
  std::size_t memory = std::size_t{4} << 30;        ///< addresses, in bytes; 0: no limit
  std::size_t file_bytes = std::size_t{64} << 20;   ///< size of a file that it writes
  std::size_t output_bytes = std::size_t{1} << 20;  ///< what it prints; beyond, it is ended
  bool alone = false;        ///< may start no process, write no file, and ask the system for little
  bool opens_files = false;  ///< if alone: for reading, as a program with shared libraries must
};

/// How a child came to its end.
struct Ended {
  int exit_code = -1;  ///< -1 if a signal ended it
  int signal = 0;
  bool late = false, printed_too_much = false;  ///< ended by us
  double cpu_seconds = 0;                       ///< of a processor, without what it has started
  std::string output;                           ///< the beginning of what it printed
};

struct ChildStart {
  std::vector<std::string> words;  ///< path of the program, then its arguments
  std::string folder;              ///< where it runs and has its temporary files
  Limits limits = {};
  /// If not empty: the folders it may read from, besides its own (where the kernel has Landlock).
  std::vector<std::string> sees = {};
  bool errors_too = true;                  ///< what it writes to standard error is output, too
  std::vector<std::pair<int, int>> files;  ///< files of ours, and their numbers there (3 and up)
  int begins_after = -1;  ///< begins once a byte has come from this file (its number there)
};

/// A running child. Its standard input is empty; what it prints comes to us.
class Child {
 public:
  explicit Child(ChildStart start);  ///< Throws Error(io) or Error(limit) if none can be started.
  ~Child();                          ///< Ends it, and all that it has started.
  Child(const Child&) = delete;

  /// Looks once after it: reads what it has printed, ends it where it is late. True once it is
  /// over.
  bool over();
  /// What happened, once it is over.
  const Ended& ended() const { return ended_; }
  /// Ends it and waits for that. How it ended stays as it was if it was over already.
  void end();
  /// A file to wait at for news.
  int output() const { return output_; }

 private:
  ChildStart start_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  pid_t process_ = -1;
  int output_ = -1;
  std::size_t total_ = 0;  // bytes printed
  Ended ended_;

  void read_output();
  /// Waits for its end; with `now` only if it is over. True if it is.
  bool wait_for_end(bool now);
};

/// The first lines of what a child printed, escaped line by line.
std::string first_lines(std::string_view output, std::size_t most);

/// Asked again and again while something is waited for; true: give up.
using Stop = std::function<bool()>;
/// Waits until one of the children is over, or none is left. Throws Interrupted where `stop` said
/// so.
void wait_for_news(const std::vector<Child*>& children, const Stop& stop);
/// Waits until all are over. Throws Interrupted where `stop` said so.
void wait_for_all(const std::vector<Child*>& children, const Stop& stop);

}  // namespace attn::app
