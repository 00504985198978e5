#include "app/exercise/workshop.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <limits>

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
  const char* chosen = std::getenv("CXX");
  if (chosen && *chosen) names = {chosen};
  const char* path = std::getenv("PATH");
  std::error_code error;
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      if (is_program(name)) return fs::absolute(name, error).string();
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
  if (chosen && *chosen) {
    throw Error(ErrorKind::io,
                fmt::format("CXX names \"{}\", which is no program here", escaped(chosen, 200)),
                "name a C++ compiler, without options, or leave CXX empty");
  }
  throw Error(ErrorKind::io, "there is no C++ compiler",
              "install one (Debian: apt install g++), or name yours in CXX");
}

/// Where compilers and their headers are: what an answer may be compiled with. An answer that
/// includes anything else, such as a file of whoever checks it, is not compiled.
std::vector<std::string> folders_of(const std::string& compiler) {
  std::vector<std::string> out = {"/usr", "/lib", "/lib64", "/bin", "/opt", "/nix/store"};
  std::error_code error;
  for (const fs::path& program : {fs::path(compiler), fs::canonical(compiler, error)}) {
    const fs::path folder = program.parent_path();
    if (folder.empty()) continue;
    const char* home = std::getenv("HOME");
    const bool own_prefix = folder.filename() == "bin" && folder.parent_path() != "/" &&
                            (!home || folder.parent_path() != fs::path(home));
    out.push_back((own_prefix ? folder.parent_path() : folder).string());
  }
  return out;
}

/// What the learner's file is compiled with. Out-of-range indices of a std::vector end the program
/// with a message.
const std::vector<std::string> kLearnerOptions = {
    "-std=c++20",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Wno-sign-compare",  // int i < m.rows is no mistake
    "-D_GLIBCXX_ASSERTIONS",
    "-fdiagnostics-color=never"};

constexpr const char* kFolder = "attn-exercise-";

/// Removes folders of ours whose owner was killed. One who lives holds a lock on his; a young
/// folder may not have got its lock yet.
void remove_forgotten(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().filename().string().starts_with(kFolder)) continue;
    const int file = open(at->path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) continue;
    struct stat about {};
    std::error_code ignored;
    if (fstat(file, &about) == 0 && about.st_uid == geteuid() &&
        about.st_mtime + 60 < std::time(nullptr) && flock(file, LOCK_EX | LOCK_NB) == 0)
      fs::remove_all(at->path(), ignored);
    close(file);
  }
}

/// The compiler came to the end of what it may take, and takes that for a mistake of its own.
bool beyond_limits(std::string_view said) {
  for (const char* words :
       {"File size limit exceeded", "virtual memory exhausted", "out of memory allocating",
        "File too large", "internal compiler error: Killed", "cannot allocate memory"}) {
    if (said.find(words) != std::string_view::npos) return true;
  }
  return false;
}

/// The bytes that a program has in memory when it begins; 0 if the file does not tell.
std::size_t memory_at_start(const std::string& path) {
  const std::string bytes = read_file(path, std::size_t{128} << 20);
  Elf64_Ehdr head{};
  if (bytes.size() < sizeof head) return 0;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
    return 0;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part{};
    const std::size_t at = head.e_phoff + i * sizeof part;
    if (at > bytes.size() || bytes.size() - at < sizeof part) return 0;
    std::memcpy(&part, bytes.data() + at, sizeof part);
    if (part.p_type == PT_LOAD) sum += part.p_memsz;
  }
  return sum;
}

}  // namespace

Toolchain find_toolchain() {
  Toolchain tools;
  tools.compiler = find_compiler();
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  fs::path include, library;
  if (fs::exists(here / "libattn_exercise.a", error)) {
    include = ATTN_EXERCISE_SOURCES;
    library = here;
  } else {
    include = here / ATTN_EXERCISE_INCLUDE;
    library = here / ATTN_EXERCISE_LIBRARY;
  }
  if (!fs::exists(library / "libattn_exercise.a", error) ||
      !fs::exists(include / "attn_exercise", error)) {
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
  fs::path parent = fs::temp_directory_path(error);
  if (error) parent = "/tmp";
  remove_forgotten(parent);
  path_ = parent / fmt::format("{}XXXXXX", kFolder);
  if (!mkdtemp(path_.data())) {
    const std::string reason = std::strerror(errno);
    throw Error(ErrorKind::io,
                fmt::format("no temporary folder can be made: {}: {}", escaped(path_, 200), reason),
                "set TMPDIR to a folder that may be written");
  }
  held_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (held_ >= 0) flock(held_, LOCK_EX | LOCK_NB);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (held_ >= 0) close(held_);
}

Workshop::Workshop(const Exercise& exercise, Stop stop, Toolchain tools)
    : exercise_(exercise), stop_(std::move(stop)), tools_(std::move(tools)) {
  write_file(folder_ / "matrix.h", matrix_header());
  write_file(folder_ / "exercise.h", exercise_.header);
  write_file(folder_ / "test.cpp", exercise_.test);
  write_file(folder_ / "learner.cpp",
             "#include \"exercise.h\"\n#include \"attn_exercise/serve.h\"\n"
             "int main() { return ATTN_SERVE(EXERCISE_FUNCTIONS); }\n");
  write_file(folder_ / "nothing.cpp", "#include <cstddef>\nint main() {}\n");
}

ChildStart Workshop::compiling(const std::string& file,
                               const std::vector<std::string>& options) const {
  ChildStart start;
  start.words = {tools_.compiler};
  start.words.insert(start.words.end(), options.begin(), options.end());
  start.words.insert(start.words.end(), {"-c", file + ".cpp", "-o", file + ".o"});
  start.folder = folder_.path();
  // What it says beyond what is kept is dropped: many warnings are no mistake.
  start.limits = {.seconds = 60,
                  .cpu_seconds = 30,
                  .memory = std::size_t{2} << 30,
                  .output_bytes = std::numeric_limits<std::size_t>::max()};
  return start;
}

void Workshop::need_tester(const Ended& ended, const std::string& what) const {
  if (ended.exit_code == 0) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("the test of {} cannot be {} with {}:\n{}", exercise_.name, what,
                          escaped(tools_.compiler, 200), first_lines(ended.output, 20)),
              "attn's own headers and doctest are needed (Debian: apt install doctest-dev)");
}

std::vector<std::string> Workshop::seen_by_compiler() const {
  ChildStart probe = compiling("nothing", kLearnerOptions);
  probe.sees = folders_of(tools_.compiler);
  Child compiler(probe);
  wait_for_all({&compiler}, stop_);
  if (compiler.ended().exit_code != 0) return {};
  return probe.sees;
}

Compiled Workshop::compile(const std::string& answer) {
  write_file(folder_ / kAnswerFile, answer);
  if (!ready_) sees_ = seen_by_compiler();
  ChildStart learners_start = compiling("answer", kLearnerOptions);
  learners_start.sees = sees_;
  Child learners(learners_start);
  if (!ready_) {
    std::vector<std::string> options = tools_.for_tests;
    options.emplace_back("-O0");
    Child test(compiling("test", options)), around(compiling("learner", options));
    // Where a program can hold its libraries, the learner's needs no file. Asked of a program of
    // ours: an answer cannot choose.
    ChildStart alone;
    alone.words = {tools_.compiler, "-static", "nothing.cpp", "-o", "nothing"};
    alone.folder = folder_.path();
    Child nothing(alone);
    wait_for_all({&learners, &test, &around, &nothing}, stop_);
    static_ = nothing.ended().exit_code == 0;
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
    if (!is_program(tester())) {
      throw Error(
          ErrorKind::io,
          fmt::format("{} made no program: is it a C++ compiler?", escaped(tools_.compiler, 200)),
          "name one in CXX, or leave CXX empty");
    }
    ready_ = true;
  }
  wait_for_all({&learners}, stop_);
  const Ended& compiler = learners.ended();
  if (compiler.late || compiler.signal == SIGXCPU || compiler.signal == SIGKILL)
    return {.said = "The compiler did not come to an end within its time.\n" + compiler.output};
  if (compiler.exit_code != 0 && beyond_limits(compiler.output))
    return {.said =
                "The answer asks for more than the compiler may have here: a file of 64 MB, and 2 "
                "GB of memory.\nA large array with values is part of that file: use a std::vector, "
                "and fill it while the program runs.\n"};
  if (compiler.exit_code != 0) return {.said = compiler.output};
  ChildStart start;
  start.words = {tools_.compiler, "learner.o", "answer.o", "-o", "learner"};
  if (static_) start.words.emplace_back("-static");
  start.folder = folder_.path();
  Child linker(start);
  wait_for_all({&linker}, stop_);
  if (linker.ended().exit_code != 0) return {.said = linker.ended().output};
  return {true, compiler.output, memory_at_start(learner())};
}

}  // namespace attn::app
