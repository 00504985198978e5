#include "app/exercise/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "app/exercise/sandbox.h"
#include "app/frame/interrupt.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

constexpr std::size_t kOutputKept = 64 << 10;

/// A small environment: nothing of ours that a child has no use for.
std::vector<std::string> environment(const std::string& folder) {
  std::vector<std::string> out = {"LC_ALL=C", "TMPDIR=" + folder, "OMP_NUM_THREADS=1",
                                  "OPENBLAS_NUM_THREADS=1"};
  const char* path = std::getenv("PATH");
  out.push_back(fmt::format("PATH={}", path && *path ? path : "/usr/local/bin:/usr/bin:/bin"));
  for (const char* name : {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

void limit(__rlimit_resource what, rlim_t most) {
  rlimit now{};
  if (getrlimit(what, &now) == 0) most = std::min(most, now.rlim_max);
  const rlimit wanted{most, most};
  setrlimit(what, &wanted);
}

/// Between fork and exec: system calls only.
[[noreturn]] void become(const ChildStart& start, pid_t parent, char* const* words,
                         char* const* variables, int output, std::vector<sock_filter>& filter) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (const int s : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGQUIT, SIGHUP}) std::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // First out of the way, then into place: a file of ours may have a number that is needed.
  const int nothing = fcntl(open("/dev/null", O_RDWR), F_DUPFD, 50);
  const int printed = fcntl(output, F_DUPFD, 50);
  int moved[4] = {};
  for (std::size_t i = 0; i < start.files.size(); ++i)
    moved[i] = fcntl(start.files[i].first, F_DUPFD, 50);
  dup2(nothing, STDIN_FILENO);
  dup2(printed, STDOUT_FILENO);
  dup2(start.errors_too ? printed : nothing, STDERR_FILENO);
  unsigned first_free = 3;
  for (std::size_t i = 0; i < start.files.size(); ++i) {
    dup2(moved[i], start.files[i].second);
    first_free = std::max(first_free, static_cast<unsigned>(start.files[i].second) + 1);
  }
  close_range(first_free, ~0U, 0);
  if (chdir(start.folder.c_str()) != 0) _exit(127);
  char byte = 0;
  if (start.begins_after >= 0 && read(start.begins_after, &byte, 1) != 1) _exit(127);
  const Limits& l = start.limits;
  const rlimit cpu{l.cpu_seconds, l.cpu_seconds + 1};
  setrlimit(RLIMIT_CPU, &cpu);
  if (l.memory > 0) limit(RLIMIT_AS, l.memory);
  limit(RLIMIT_FSIZE, l.alone ? 0 : l.file_bytes);
  limit(RLIMIT_NOFILE, l.alone ? 16 : 256);
  limit(RLIMIT_CORE, 0);
  if (l.alone) {
    limit(RLIMIT_NPROC, 0);
    confine(filter);
  } else {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!start.sees.empty()) see_only(start.sees, start.folder);
  }
  execve(words[0], words, variables);
  _exit(127);
}

}  // namespace

Child::Child(ChildStart start) : start_(std::move(start)) {
  std::vector<std::string> words = start_.words, variables = environment(start_.folder);
  const std::vector<char*> arguments = pointers(words), names = pointers(variables);
  std::vector<sock_filter> filter;
  if (start_.limits.alone) filter = quiet_process(start_.limits.opens_files);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ErrorKind::io, fmt::format("no pipe: {}", std::strerror(errno)));
  const pid_t us = getpid();
  process_ = fork();
  if (process_ == 0) become(start_, us, arguments.data(), names.data(), ends[1], filter);
  close(ends[1]);
  output_ = ends[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  if (process_ < 0) {
    close(output_);
    throw Error(ErrorKind::limit,
                fmt::format("{} cannot be started: {}", words[0], std::strerror(errno)),
                "end other programs, or raise ulimit -u and ulimit -v");
  }
  setpgid(process_, process_);  // here too: whoever comes first
}

Child::~Child() {
  end();
  if (output_ >= 0) close(output_);
}

void Child::read_output() {
  std::array<char, 16384> buffer;
  for (int turn = 0; output_ >= 0 && turn < 64; ++turn) {
    const ssize_t n = read(output_, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // nothing more now
    if (n == 0) {
      close(output_);
      output_ = -1;
      return;
    }
    total_ += static_cast<std::size_t>(n);
    const std::size_t room = kOutputKept - std::min(ended_.output.size(), kOutputKept);
    ended_.output.append(buffer.data(), std::min(room, static_cast<std::size_t>(n)));
    if (total_ > start_.limits.output_bytes) return;
  }
}

bool Child::wait_for_end(bool now) {
  int status = 0;
  rusage used{};
  pid_t done = -1;
  do {
    done = wait4(process_, &status, now ? WNOHANG : 0, &used);
  } while (done < 0 && errno == EINTR);
  read_output();
  if (done == 0) return false;
  kill(-process_, SIGKILL);  // what it may have started
  process_ = -1;
  if (done < 0) return true;
  if (WIFEXITED(status)) ended_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  ended_.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  return true;
}

bool Child::over() {
  if (process_ < 0 || wait_for_end(true)) return true;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin_;
  ended_.late = since.count() > start_.limits.seconds;
  ended_.printed_too_much = total_ > start_.limits.output_bytes;
  if (ended_.late || ended_.printed_too_much) end();
  return process_ < 0;
}

void Child::end() {
  if (process_ < 0) return;
  kill(-process_, SIGKILL);
  kill(process_, SIGKILL);
  wait_for_end(false);
}

std::string first_lines(std::string_view output, std::size_t most) {
  std::string out;
  for (; !output.empty() && most > 0; --most) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    out += escaped(output.substr(0, end), 200) + "\n";
    output.remove_prefix(std::min(end + 1, output.size()));
  }
  if (!output.empty()) out += "...\n";
  return out;
}

void wait_for_news(const std::vector<Child*>& children, const Stop& stop) {
  for (;;) {
    std::vector<pollfd> wanted;
    bool any_over = false;
    for (Child* child : children) {
      any_over |= child->over();
      if (child->output() >= 0) wanted.push_back({child->output(), POLLIN, 0});
    }
    if (any_over) return;
    if (stop && stop()) throw Interrupted{};
    poll(wanted.data(), wanted.size(), 3);
  }
}

void wait_for_all(const std::vector<Child*>& children, const Stop& stop) {
  std::vector<Child*> left = children;
  while (!left.empty()) {
    wait_for_news(left, stop);
    std::erase_if(left, [](Child* child) { return child->over(); });
  }
}

}  // namespace attn::app
