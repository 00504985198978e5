#pragma once
// Where an answer is compiled and tried: a folder of its own, removed at the end.
#include <map>
#include <string>
#include <vector>

#include "app/exercise/child.h"
#include "app/exercise/exercises.h"

namespace attn::app {

/// The compiler, and where what a test needs of attn lies: beside the program, where it was built
/// or where it was installed.
struct Toolchain {
  std::string compiler;
  std::vector<std::string> for_tests;  ///< options that a test is compiled with
  std::vector<std::string> libraries;  ///< what it is linked with
};
/// Throws Error(io) if there is no compiler, or no library beside the program.
Toolchain find_toolchain();

/// A folder that goes with its owner. Where an owner was killed before it could see to that, the
/// next one does: a folder that nobody holds is removed.
class TemporaryFolder {
 public:
  TemporaryFolder();  ///< Throws Error(io) if none can be made.
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int held_ = -1;
};

/// What the compiler said to an answer.
struct Compiled {
  bool done = false;
  std::string said =
      {};  ///< its messages, with answer.cpp and lines; "" if there is nothing to say
  std::size_t memory = 0;  ///< bytes of code and variables that the program begins with
};

/// Compiles the test of one exercise once, and then answers as often as wanted.
class Workshop {
 public:
  Workshop(const Exercise& exercise, Stop stop, Toolchain tools = find_toolchain());

  /// Throws Error(bad_input) if the exercise's own test cannot be compiled, Interrupted.
  Compiled compile(const std::string& answer);

  const std::string& folder() const { return folder_.path(); }
  std::string tester() const { return folder_ / "tester"; }
  std::string learner() const { return folder_ / "learner"; }
  /// The learner's program was linked with all it needs: it has no file to open.
  bool stands_alone() const { return static_; }
  const Stop& stop() const { return stop_; }

 private:
  ChildStart compiling(const std::string& file, const std::vector<std::string>& options) const;
  /// The folders of the compiler, if it can do without others; else nothing, and it may read all.
  std::vector<std::string> seen_by_compiler() const;
  void need_tester(const Ended& ended, const std::string& what) const;

  Exercise exercise_;
  Stop stop_;
  Toolchain tools_;
  TemporaryFolder folder_;
  std::vector<std::string> sees_;  // what the compiler may read; empty: everything
  bool static_ = false;
  bool ready_ = false;  // the parts that do not depend on the answer
};

}  // namespace attn::app
