#pragma once
// Runs the real program as a process of its own, without a shell, and says what came of it.
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attn::test {

using Words = std::vector<std::string>;

/// What to run, and in which surroundings.
struct Launch {
  Words arguments = {};
  std::string program = ATTN_PROGRAM;
  /// Added to a small fixed environment (PATH, HOME, LANG=C.UTF-8); nullopt removes a name.
  std::map<std::string, std::optional<std::string>> environment = {};
  std::string input = {};                     ///< standard input
  std::string folder = {};                    ///< working directory; "" keeps ours
  bool folder_vanishes = false;               ///< it is removed before the program starts
  std::size_t address_space = 0;              ///< as `ulimit -v`, in bytes; 0: no limit
  std::optional<std::size_t> file_size = {};  ///< as `ulimit -f`, in bytes
  double seconds = 20;                        ///< killed after this time
  std::string output_file = {};               ///< standard output goes there instead
  std::optional<std::size_t> reads = {};      ///< standard output is closed after so many bytes
  Words closed = {};                          ///< of "stdin", "stdout", "stderr"
  bool non_blocking = false;          ///< standard output is a small non-blocking pipe, read slowly
  bool bound_by_permissions = false;  ///< without the right to ignore them, if we have it
};

/// How it ended.
struct Result {
  std::string command_line;  ///< for messages
  int exit_code = -1;        ///< -1 if a signal ended it
  int signal = 0;
  bool timed_out = false;
  std::string out, err;
  double seconds = 0;

  /// All of it, cut to a readable length.
  std::string describe() const;
};

/// A program that runs beside the test, until finish() or the end of this object's life.
class Running {
 public:
  explicit Running(const Launch& launch);
  ~Running();  ///< kills it if it still runs
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void send(int signal) const;
  /// True once the program has a handler for this signal.
  bool hears(int signal) const;
  /// Stops it (SIGSTOP) and returns once it stands still. SIGCONT lets it go on.
  void halt() const;
  /// Waits until `condition` holds, at most the launch's time limit. False if it does not come true
  /// while the program runs.
  bool wait_until(const std::function<bool()>& condition);
  /// Waits for its end.
  Result finish();

 private:
  struct State;
  bool turn(int milliseconds);  // moves what is in the pipes; false when all outputs are closed
  std::unique_ptr<State> state_;
};

inline Result run(const Launch& launch) { return Running(launch).finish(); }
inline Result run(Words arguments) { return run(Launch{.arguments = std::move(arguments)}); }

/// Fails the test, showing the whole run, unless it ended with this exit code and both outputs
/// together hold this text.
Result expect(const Launch& launch, int exit_code, std::string_view text = "");
inline Result expect(Words arguments, int exit_code, std::string_view text = "") {
  return expect(Launch{.arguments = std::move(arguments)}, exit_code, text);
}

/// These words and then some more.
Words with(Words words, const Words& more);

/// The document that the command prints with --json; the test ends if it fails.
nlohmann::json trace_of(const Words& arguments);

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// `text` split at line breaks, without them.
Words lines(std::string_view text);

/// True if a program of this name is on the PATH.
bool installed(const std::string& name);

/// False under AddressSanitizer, which reserves terabytes of addresses.
bool address_space_can_be_limited();

/// True if a process without special rights is stopped by permissions here.
bool permissions_can_bind();

/// A folder of our own that is removed at the end, whatever was done to its permissions.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file into it and returns its path.
  std::string write(const std::string& name, std::string_view bytes) const;
  /// The bytes of a file, or "" if there is none.
  static std::string read(const std::string& path);

 private:
  std::string path_;
};

}  // namespace attn::test
