// Processes with limits: how each end is told, and what the sandbox lets through.
#include "app/exercise/child.h"
#include "app/frame/interrupt.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "app/exercise/sandbox.h"
#include "attn/io/file.h"
#include "io_support.h"
#include "program/process.h"
#include "surroundings.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using io_test::Folder;

namespace {

/// A shell's command in a folder, with these limits.
ChildStart shell(const Folder& folder, const std::string& command, Limits limits = {}) {
  ChildStart start;
  start.words = {"/bin/sh", "-c", command};
  start.folder = folder.path();
  start.limits = limits;
  return start;
}
Ended run(const ChildStart& start) {
  Child child(start);
  wait_for_all({&child}, nullptr);
  return child.ended();
}

/// True if there is such a process, and it is not only waited for.
bool alive(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const char state = text[text.rfind(')') + 2];
  return state != 'Z' && state != 'X';
}

/// What a seccomp filter answers to a system call.
std::uint32_t answer(const std::vector<sock_filter>& filter, const seccomp_data& call) {
  std::uint32_t loaded = 0;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const sock_filter& f = filter[at];
    switch (f.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&loaded, reinterpret_cast<const char*>(&call) + f.k, sizeof loaded);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += loaded == f.k ? f.jt : f.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        at += (loaded & f.k) != 0 ? f.jt : f.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += loaded >= f.k ? f.jt : f.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += loaded > f.k ? f.jt : f.jf;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        loaded &= f.k;
        break;
      case BPF_JMP | BPF_JA:
        at += f.k;
        break;
      case BPF_RET | BPF_K:
        return f.k;
      default:
        FAIL("an instruction that is not expected: ", f.code);
    }
  }
  FAIL("the filter ends without an answer");
  return 0;
}

constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

/// The same for a call with these arguments on the machine of the filter.
struct Filter {
  explicit Filter(bool opens_files) : lines(quiet_process(opens_files)) {}
  std::vector<sock_filter> lines;
  std::uint32_t operator()(long call, std::initializer_list<std::uint64_t> arguments = {}) const {
    seccomp_data data{};
    data.nr = static_cast<int>(call);
    data.arch = lines.at(1).k;  // the first question is for the machine
    std::copy(arguments.begin(), arguments.end(), data.args);
    return answer(lines, data);
  }
};

}  // namespace

TEST_CASE("child: exit code, output of both kinds, its folder, and an empty input") {
  const Folder folder;
  const Ended e = run(shell(folder, "pwd; echo wrong >&2; cat; exit 7"));
  CHECK(e.exit_code == 7);
  CHECK(e.signal == 0);
  CHECK_FALSE(e.late);
  CHECK_FALSE(e.printed_too_much);
  CHECK(e.cpu_seconds < 5);
  CHECK(e.output == std::filesystem::canonical(folder.path()).string() + "\nwrong\n");
  ChildStart quiet = shell(folder, "echo right; echo wrong >&2");
  quiet.errors_too = false;
  CHECK(run(quiet).output == "right\n");
}

TEST_CASE("child: nothing of our environment that it has no use for") {
  const attn::test::Environment secret("ATTN_TEST_SECRET", "x");
  const Folder folder;
  const std::string variables = run(shell(folder, "env")).output;
  CHECK(contains(variables, "TMPDIR=" + folder.path() + "\n"));
  CHECK(contains(variables, "LC_ALL=C\n"));
  CHECK(contains(variables, "PATH="));
  CHECK_FALSE(contains(variables, "ATTN_TEST_SECRET"));
  CHECK_FALSE(contains(variables, "HOME="));
}

TEST_CASE("child: a signal, a program that is not there, a folder that is not there") {
  const Folder folder;
  const Ended e = run(shell(folder, "kill -SEGV $$"));
  CHECK(e.exit_code == -1);
  CHECK(e.signal == SIGSEGV);
  ChildStart nothing = shell(folder, "");
  nothing.words = {folder / "none"};
  CHECK(run(nothing).exit_code == 127);
  ChildStart nowhere = shell(folder, "echo here");
  nowhere.folder = folder / "none";
  CHECK(run(nowhere).exit_code == 127);
}

TEST_CASE("child: who is late, or prints too much, is ended by us") {
  const Folder folder;
  const auto begin = std::chrono::steady_clock::now();
  const Ended slow = run(shell(folder, "echo first; sleep 200", {.seconds = 3}));
  CHECK(slow.late);
  CHECK(slow.signal == SIGKILL);
  CHECK(slow.output == "first\n");
  const Ended loud = run(shell(folder, "exec yes", {.output_bytes = 200'000}));
  CHECK(loud.printed_too_much);
  CHECK_FALSE(loud.late);
  CHECK(loud.output.size() == 65'536);  // the beginning is kept
  CHECK(loud.output.starts_with("y\ny\n"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
}

TEST_CASE("child: a file larger than it may write ends it") {
  const Folder folder;
  const Ended e = run(
      shell(folder, "exec dd if=/dev/zero of=big bs=1000 count=100 2>&1", {.file_bytes = 5000}));
  CHECK(e.signal == SIGXFSZ);
  CHECK(std::filesystem::file_size(folder / "big") <= 5000);
}

TEST_CASE("child: what it has started ends with it, and ending twice changes nothing") {
  const Folder folder;
  pid_t other = 0;
  {
    Child child(shell(folder, "sleep 60 & echo $!; wait"));
    while (child.ended().output.empty()) CHECK_FALSE(child.over());
    other = std::stoi(child.ended().output);
    CHECK(alive(other));
    child.end();
    CHECK(child.ended().signal == SIGKILL);
    child.end();
    CHECK(child.over());
    CHECK(child.ended().signal == SIGKILL);
  }
  for (int i = 0; i < 1000 && alive(other); ++i) usleep(1000);
  CHECK_FALSE(alive(other));
}

TEST_CASE("child: files of ours under their numbers, and a beginning that waits for a byte") {
  const Folder folder;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  ChildStart start = shell(folder, "cat <&5; ls /proc/self/fd | grep -c '^[6-9]$'");
  start.files = {{ends[0], 5}};
  start.begins_after = 5;
  Child child(start);
  usleep(20'000);
  CHECK_FALSE(child.over());
  CHECK(child.ended().output.empty());
  CHECK(::write(ends[1], "!rest\n", 6) == 6);
  ::close(ends[0]);
  ::close(ends[1]);
  wait_for_all({&child}, nullptr);
  CHECK(child.ended().output == "rest\n0\n");  // nothing of ours beyond the 5
}

TEST_CASE("child: alone it may start no process and write no file") {
  const Folder folder;
  Limits alone;
  alone.alone = alone.opens_files = true;
  ChildStart start = shell(folder, "", alone);
  start.words = {"/bin/cat", "there"};
  write_file(folder / "there", "text");
  CHECK(run(start).output == "text");  // may read
  start.limits.opens_files = false;    // not even its libraries
  CHECK(run(start).exit_code != 0);
  start.limits.opens_files = true;
  start.words = {"/bin/touch", "new"};
  CHECK(run(start).exit_code != 0);
  CHECK_FALSE(std::filesystem::exists(folder / "new"));
  start.words = {"/usr/bin/timeout", "9", "/bin/true"};  // starts another program
  CHECK(run(start).exit_code != 0);
}

TEST_CASE("child: waiting ends with the first news, with all, or when somebody says stop") {
  const Folder folder;
  Child fast(shell(folder, "true")), slow(shell(folder, "sleep 60"));
  wait_for_news({&fast, &slow}, [] { return false; });
  CHECK(fast.over());
  CHECK_FALSE(slow.over());
  int asked = 0;
  CHECK_THROWS_AS(wait_for_all({&fast, &slow}, [&] { return ++asked > 2; }), Interrupted);
  CHECK(asked == 3);
  wait_for_all({}, [] { return true; });
}

TEST_CASE("child: the first lines of what was printed, made harmless") {
  CHECK(first_lines("", 3) == "");
  CHECK(first_lines("one", 3) == "one\n");
  CHECK(first_lines("one\ntwo\n", 2) == "one\ntwo\n");
  CHECK(first_lines("one\ntwo\nthree", 2) == "one\ntwo\n...\n");
  CHECK(first_lines("one", 0) == "...\n");
  CHECK(first_lines("\n\nx", 2) == "\n\n...\n");
  CHECK(first_lines("\x1b[2J\xff", 2) == "\\x1B[2J\\xFF\n");
  CHECK(first_lines(std::string(1000, 'x'), 1) == std::string(200, 'x') + "...\n");
}

TEST_CASE("sandbox: what a quiet process may ask, by its filter") {
  const Filter quiet(false), reads(true);
  if (quiet.lines.empty()) return;  // a processor whose calls are not known
  for (const Filter* filter : {&quiet, &reads}) {
    CHECK((*filter)(__NR_read) == SECCOMP_RET_ALLOW);
    CHECK((*filter)(__NR_exit_group) == SECCOMP_RET_ALLOW);
    for (const long call : {__NR_clone, __NR_clone3})
      CHECK((*filter)(call) == SECCOMP_RET_KILL_PROCESS);
    for (const long call : {__NR_socket, __NR_kill, __NR_ptrace, __NR_unlinkat, __NR_setrlimit,
                            __NR_process_vm_readv, __NR_seccomp, __NR_memfd_create})
      CHECK((*filter)(call) == kRefused);
    CHECK((*filter)(__NR_prlimit64, {0, 7, 0, 99}) == SECCOMP_RET_ALLOW);
    CHECK((*filter)(__NR_prlimit64, {0, 7, 1}) == kRefused);
    CHECK((*filter)(__NR_prlimit64, {0, 7, std::uint64_t{1} << 40}) == kRefused);
    CHECK((*filter)(__NR_tgkill, {0x7FFFFFFF}) == SECCOMP_RET_ALLOW);  // its own number, to come
    CHECK((*filter)(__NR_tgkill, {1}) == kRefused);
    std::size_t allowed = 0;
    for (long call = 0; call < 1000; ++call)
      allowed += (*filter)(call) == SECCOMP_RET_ALLOW ? 1 : 0;
    CHECK(allowed < 60);
    CHECK((*filter)(0x40000000 | __NR_read) == SECCOMP_RET_KILL_PROCESS);  // numbers of another ABI
    seccomp_data other{};
    other.arch = AUDIT_ARCH_I386;
    CHECK(answer(filter->lines, other) == SECCOMP_RET_KILL_PROCESS);
  }
  for (const long call : {__NR_faccessat, __NR_readlinkat, __NR_statx})
    CHECK(quiet(call) == kRefused);
  CHECK(reads(__NR_faccessat) == SECCOMP_RET_ALLOW);
  CHECK(quiet(__NR_openat, {0, 0, O_RDONLY}) == kRefused);
  CHECK(reads(__NR_openat, {0, 0, O_RDONLY | O_CLOEXEC}) == SECCOMP_RET_ALLOW);
  for (const std::uint64_t flags : {O_WRONLY, O_RDWR, O_CREAT, O_RDONLY | O_TRUNC, O_APPEND})
    CHECK(reads(__NR_openat, {0, 0, flags}) == (SECCOMP_RET_ERRNO | EACCES));
}

TEST_CASE("sandbox: a confined process opens nothing more") {
  std::vector<sock_filter> filter = quiet_process(false), none;
  const pid_t child = fork();
  if (child == 0) {
    if (confine(none)) _exit(3);  // nothing to confine with
    if (!confine(filter)) _exit(2);
    const int file = open("/dev/null", O_RDONLY);
    _exit(file < 0 && errno == EPERM ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) return;  // this system has no such filters
  CHECK(WEXITSTATUS(status) == 0);
}
