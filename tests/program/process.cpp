#include "program/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace attn::test {

namespace {

/// A program with sanitizers needs many times as long.
#ifdef __SANITIZE_ADDRESS__
constexpr double kPatience = 20;
#else
constexpr double kPatience = 1;
#endif

constexpr int kOverridePermissions = 1, kReadAnything = 2;  // CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe2");
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close_reading();
    close_writing();
  }
  Pipe(const Pipe&) = delete;
  void close_reading() { shut(read_end); }
  void close_writing() { shut(write_end); }

 private:
  static void shut(int& number) {
    if (number >= 0) close(number);
    number = -1;
  }
};

Words environment_of(const Launch& launch) {
  std::map<std::string, std::string> all = {{"LANG", "C.UTF-8"}};
  // The kernels of products too: they round differently, and some tests compare with this process.
  for (const char* name : {"PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH",
                           "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}) {
    if (const char* value = std::getenv(name)) all[name] = value;
  }
  for (const auto& [name, value] : launch.environment) {
    all.erase(name);
    if (value) all[name] = *value;
  }
  Words out;
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(Words& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

bool drop_overrides() {
  return prctl(PR_CAPBSET_DROP, kOverridePermissions) == 0 &&
         prctl(PR_CAPBSET_DROP, kReadAnything) == 0;
}

/// Between fork and exec: system calls only.
[[noreturn]] void become(const Launch& launch, char* const* arguments, char* const* environment,
                         int in, int out, int err) {
  std::signal(SIGPIPE, SIG_DFL);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  for (const std::string& name : launch.closed)
    close(name == "stdin" ? 0 : name == "stdout" ? 1 : 2);
  if (!launch.folder.empty() && chdir(launch.folder.c_str()) != 0) _exit(125);
  if (launch.folder_vanishes && rmdir(launch.folder.c_str()) != 0) _exit(125);
  if (launch.address_space > 0) {
    const rlimit limit{launch.address_space, launch.address_space};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(125);
  }
  if (launch.file_size) {
    const rlimit limit{*launch.file_size, *launch.file_size};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(125);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (launch.bound_by_permissions && geteuid() == 0 && !drop_overrides()) _exit(125);
  execve(launch.program.c_str(), arguments, environment);
  _exit(126);
}

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most
             ? text
             : text.substr(0, most) + "... (" + std::to_string(text.size()) + " bytes)";
}

std::string readable(const Words& words) {
  std::string out = "attn";
  for (const std::string& word : words) {
    const bool plain =
        !word.empty() && word.find_first_of(" '\"\\;|<>*?[](){}$&\n\t") == std::string::npos;
    out += plain ? " " + shortened(word, 80) : " '" + shortened(word, 80) + "'";
  }
  return out;
}

bool is_control(char c) { return c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F); }

/// Reads what is there; false at the end.
bool take(int number, std::string& into, std::size_t most) {
  std::array<char, 65536> buffer;
  const ssize_t n = read(number, buffer.data(), std::min(buffer.size(), most));
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  into.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0;
}

}  // namespace

struct Running::State {
  explicit State(const Launch& how) : launch(how), input(launch.input) {}

  const Launch launch;
  std::string_view input;  // what is still to be written
  Pipe in, out, err;
  pid_t child = -1;
  Result result;
  const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

Running::Running(const Launch& launch) : state_(std::make_unique<State>(launch)) {
  State& s = *state_;
  s.result.command_line = readable(launch.arguments);
  Words words = launch.arguments, variables = environment_of(launch);
  words.insert(words.begin(), launch.program);
  const std::vector<char*> arguments = pointers(words), environment = pointers(variables);
  if (launch.non_blocking) {
    fcntl(s.out.write_end, F_SETPIPE_SZ, 4096);
    fcntl(s.out.write_end, F_SETFL, O_NONBLOCK);
  }
  int file = -1;
  if (!launch.output_file.empty()) {
    file = open(launch.output_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) fail("open");
  }
  s.child = fork();
  if (s.child < 0) fail("fork");
  if (s.child == 0) {
    become(launch, arguments.data(), environment.data(), s.in.read_end,
           file < 0 ? s.out.write_end : file, s.err.write_end);
  }
  if (file >= 0) close(file);
  s.in.close_reading();
  s.out.close_writing();
  s.err.close_writing();
  fcntl(s.in.write_end, F_SETFL, O_NONBLOCK);
  if (s.input.empty()) s.in.close_writing();
  if (launch.reads == std::size_t{0}) s.out.close_reading();
}

Running::~Running() {
  if (state_->child < 0) return;
  kill(state_->child, SIGKILL);
  waitpid(state_->child, nullptr, 0);
}

void Running::send(int signal) const { kill(state_->child, signal); }

bool Running::hears(int signal) const {
  const std::string process = "/proc/" + std::to_string(state_->child);
  std::error_code gone;  // until exec, it is a copy of the test and has its handlers
  if (!std::filesystem::equivalent(process + "/exe", state_->launch.program, gone)) return false;
  const std::string status = Folder::read(process + "/status");
  const std::size_t at = status.find("SigCgt:");
  if (at == std::string::npos) return false;
  const unsigned long long caught = std::strtoull(status.c_str() + at + 7, nullptr, 16);
  return (caught >> (signal - 1) & 1) != 0;
}

void Running::halt() const {
  kill(state_->child, SIGSTOP);
  int status = 0;
  while (waitpid(state_->child, &status, WUNTRACED) < 0 && errno == EINTR) {
  }
  if (WIFSTOPPED(status)) return;
  state_->child = -1;
  throw std::runtime_error("the program ended before it could be stopped");
}

bool Running::turn(int milliseconds) {
  State& s = *state_;
  if (s.out.read_end < 0 && s.err.read_end < 0) return false;
  pollfd wanted[] = {
      {s.in.write_end, POLLOUT, 0}, {s.out.read_end, POLLIN, 0}, {s.err.read_end, POLLIN, 0}};
  poll(wanted, 3, milliseconds);
  if (s.in.write_end >= 0 && wanted[0].revents != 0) {
    const auto old_handler =
        std::signal(SIGPIPE, SIG_IGN);  // the program may not want all of its input
    const ssize_t n = write(s.in.write_end, s.input.data(), s.input.size());
    std::signal(SIGPIPE, old_handler);
    if (n > 0) s.input.remove_prefix(static_cast<std::size_t>(n));
    if (s.input.empty() || (n < 0 && errno != EAGAIN)) s.in.close_writing();
  }
  if (s.out.read_end >= 0 && wanted[1].revents != 0) {
    if (s.launch.non_blocking) usleep(2000);
    const std::size_t most =
        s.launch.reads ? *s.launch.reads - s.result.out.size() : std::size_t{1} << 20;
    if (!take(s.out.read_end, s.result.out, most) ||
        (s.launch.reads && s.result.out.size() >= *s.launch.reads))
      s.out.close_reading();
  }
  if (s.err.read_end >= 0 && wanted[2].revents != 0 &&
      !take(s.err.read_end, s.result.err, std::size_t{1} << 20))
    s.err.close_reading();
  return s.out.read_end >= 0 || s.err.read_end >= 0;
}

bool Running::wait_until(const std::function<bool()>& condition) {
  while (!condition()) {
    if (state_->elapsed() > state_->launch.seconds * kPatience || !turn(2)) return condition();
  }
  return true;
}

Result Running::finish() {
  State& s = *state_;
  while (turn(50)) {
    if (s.elapsed() <= s.launch.seconds * kPatience) continue;
    s.result.timed_out = true;
    kill(s.child, SIGKILL);
    break;
  }
  int status = 0;
  while (waitpid(s.child, &status, 0) < 0 && errno == EINTR) {
  }
  s.child = -1;
  s.result.seconds = s.elapsed();
  if (WIFEXITED(status)) s.result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) s.result.signal = WTERMSIG(status);
  return std::move(s.result);
}

std::string Result::describe() const {
  std::ostringstream text;
  text << command_line << "\nexit code " << exit_code;
  if (signal != 0) text << ", signal " << signal;
  if (timed_out) text << ", killed after its time limit";
  text << ", " << seconds << " s\nstandard error: " << shortened(err, 600)
       << "\nstandard output: " << shortened(out, 600);
  return text.str();
}

Result expect(const Launch& launch, int exit_code, std::string_view text) {
  Result result = run(launch);
  INFO(result.describe());
  const std::string wanted(text);
  CAPTURE(wanted);
  std::string complaint;
  if (result.exit_code != exit_code) {
    complaint = "exit code " + std::to_string(exit_code) + " was expected";
  } else if (!contains(result.out + result.err, wanted)) {
    complaint = "the text is not there";
  } else if ((exit_code == 2 || exit_code == 3 || exit_code == 5) && !result.out.empty()) {
    complaint = "a refusal leaves standard output empty";
  } else if (exit_code > 1 && !result.err.starts_with("attn: ")) {
    complaint = "a message begins with attn:";
  } else if ((exit_code == 2 || exit_code == 3 || exit_code == 5) &&
             !contains(result.err, "\nhint: ")) {
    complaint = "a refusal says what to do";
  } else if (std::any_of(result.err.begin(), result.err.end(), is_control)) {
    complaint = "a message has no control characters";
  }
  CHECK(complaint == "");
  return result;
}

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

nlohmann::json trace_of(const Words& arguments) {
  const Result r = run(with(arguments, {"--json"}));
  INFO(r.describe());
  REQUIRE(r.exit_code == 0);
  return nlohmann::json::parse(r.out);
}

Words lines(std::string_view text) {
  Words out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

bool installed(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

bool address_space_can_be_limited() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

bool permissions_can_bind() {
  if (geteuid() != 0) return true;
  const pid_t child = fork();
  if (child == 0) _exit(drop_overrides() ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Folder::Folder() {
  path_ = (std::filesystem::temp_directory_path() / "attn-test-XXXXXX").string();
  if (!mkdtemp(path_.data())) fail("mkdtemp");
}

Folder::~Folder() {
  std::error_code ignored;
  namespace fs = std::filesystem;
  for (auto at = fs::recursive_directory_iterator(
           path_, fs::directory_options::skip_permission_denied, ignored);
       at != fs::recursive_directory_iterator(); at.increment(ignored)) {
    if (ignored) break;
    if (!at->is_symlink(ignored) && at->is_directory(ignored))
      fs::permissions(at->path(), fs::perms::owner_all, ignored);
  }
  fs::permissions(path_, fs::perms::owner_all, ignored);
  fs::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, std::string_view bytes) const {
  const std::string path = *this / name;
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) fail("write");
  return path;
}

std::string Folder::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace attn::test
