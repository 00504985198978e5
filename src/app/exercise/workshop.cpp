#include "app/exercise/workshop.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/exercise/tools.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

namespace fs = std::filesystem;

/// A list as CMake writes it: "one;two".
std::vector<std::string> list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_program(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

/// $CXX, the compiler that attn was built with, or the usual names.
std::string find_compiler() {
  std::vector<std::string> names = {ATTN_EXERCISE_COMPILER, "c++", "g++", "clang++"};
  if (const char* chosen = std::getenv("CXX"); chosen && *chosen)
    names.insert(names.begin(), chosen);
  const char* path = std::getenv("PATH");
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      if (is_program(name)) return name;
      continue;
    }
    std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::string candidate = fmt::format("{}/{}", rest.substr(0, end), name);
      if (end > 0 && is_program(candidate)) return candidate;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  throw Error(ErrorKind::io, "there is no C++ compiler",
              "install one (Debian: apt install g++), or name yours in CXX");
}

/// What the learner's file is compiled with. Out-of-range indices of a std::vector end the program
/// with a message.
const std::vector<std::string> kLearnerOptions = {
    "-std=c++20", "-O1", "-Wall", "-Wextra", "-D_GLIBCXX_ASSERTIONS", "-fdiagnostics-color=never"};

}  // namespace

Toolchain find_toolchain() {
  Toolchain tools;
  tools.compiler = find_compiler();
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  fs::path include, library;
  if (fs::exists(here / "libattn_exercise.a")) {
    include = ATTN_EXERCISE_SOURCES;
    library = here;
  } else {
    include = here / ATTN_EXERCISE_INCLUDE;
    library = here / ATTN_EXERCISE_LIBRARY;
  }
  if (!fs::exists(library / "libattn_exercise.a") || !fs::exists(include / "attn_exercise")) {
    throw Error(ErrorKind::io,
                fmt::format("attn's library is not beside the program: no {}",
                            escaped((library / "libattn_exercise.a").string(), 200)),
                "run attn where it was built, or install it with ./dev install DIR");
  }
  tools.for_tests = list(ATTN_EXERCISE_OPTIONS);
  tools.for_tests.push_back("-I" + include.string());
  tools.libraries = {(library / "libattn_exercise.a").string(), (library / "libattn.a").string()};
  for (const std::string& name : list(ATTN_EXERCISE_LIBRARIES)) {
    tools.libraries.push_back(name);
    if (name.starts_with("/"))
      tools.libraries.push_back("-Wl,-rpath," + fs::path(name).parent_path().string());
  }
  return tools;
}

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  path_ = (error ? fs::path("/tmp") : parent) / "attn-exercise-XXXXXX";
  if (!mkdtemp(path_.data())) {
    const std::string reason = std::strerror(errno);
    throw Error(ErrorKind::io,
                fmt::format("no temporary folder can be made: {}: {}", escaped(path_, 200), reason),
                "set TMPDIR to a folder that may be written");
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Workshop::Workshop(const Exercise& exercise, Stop stop)
    : exercise_(exercise), stop_(std::move(stop)), tools_(find_toolchain()) {
  write_file(folder_ / "matrix.h", matrix_header());
  write_file(folder_ / "exercise.h", exercise_.header);
  write_file(folder_ / "test.cpp", exercise_.test);
  write_file(folder_ / "learner.cpp",
             "#include \"exercise.h\"\n#include \"attn_exercise/serve.h\"\n"
             "int main() { return ATTN_SERVE(EXERCISE_FUNCTIONS); }\n");
}

ChildStart Workshop::compiling(const std::string& file,
                               const std::vector<std::string>& options) const {
  ChildStart start;
  start.words = {tools_.compiler};
  start.words.insert(start.words.end(), options.begin(), options.end());
  start.words.insert(start.words.end(), {"-c", file + ".cpp", "-o", file + ".o"});
  start.folder = folder_.path();
  start.limits = {.seconds = 60, .cpu_seconds = 30, .memory = std::size_t{2} << 30};
  return start;
}

void Workshop::need_tester(const Ended& ended, const std::string& what) const {
  if (ended.exit_code == 0) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("the test of {} cannot be {}:\n{}", exercise_.name, what,
                          first_lines(ended.output, 20)),
              "attn's own headers and doctest are needed (Debian: apt install doctest-dev)");
}

Compiled Workshop::compile(const std::string& answer) {
  write_file(folder_ / kAnswerFile, answer);
  Child learners(compiling("answer", kLearnerOptions));
  if (!ready_) {
    std::vector<std::string> options = tools_.for_tests;
    options.emplace_back("-O0");
    Child test(compiling("test", options)), around(compiling("learner", options));
    wait_for_all({&learners, &test, &around}, stop_);
    need_tester(around.ended(), "compiled");
    need_tester(test.ended(), "compiled");
    ChildStart start;
    start.words = {tools_.compiler, "test.o", "-o", "tester"};
    start.words.insert(start.words.end(), tools_.for_tests.begin(), tools_.for_tests.end());
    start.words.insert(start.words.end(), tools_.libraries.begin(), tools_.libraries.end());
    start.folder = folder_.path();
    start.limits = {.seconds = 60, .cpu_seconds = 30, .file_bytes = std::size_t{512} << 20};
    Child linker(start);
    wait_for_all({&linker}, stop_);
    need_tester(linker.ended(), "linked");
    ready_ = true;
  }
  wait_for_all({&learners}, stop_);
  const Ended& compiler = learners.ended();
  if (compiler.late || compiler.signal == SIGXCPU || compiler.signal == SIGKILL)
    return {false, "The compiler did not come to an end within its time."};
  if (compiler.exit_code != 0) return {false, compiler.output};
  ChildStart start;
  start.words = {tools_.compiler, "learner.o", "answer.o", "-o", "learner"};
  start.folder = folder_.path();
  Child linker(start);
  wait_for_all({&linker}, stop_);
  if (linker.ended().exit_code != 0) return {false, linker.ended().output};
  return {true, compiler.output};
}

}  // namespace attn::app
