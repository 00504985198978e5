#include "app/exercise/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace attn::app {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kMachine = 0;
#endif

/// Nothing of these reaches beyond the process.
constexpr long kAllowed[] = {
    __NR_read,
    __NR_write,
    __NR_readv,
    __NR_writev,
    __NR_pread64,
    __NR_lseek,
    __NR_close,
    __NR_fstat,
    __NR_brk,
    __NR_mmap,
    __NR_munmap,
    __NR_mremap,
    __NR_mprotect,
    __NR_madvise,
    __NR_futex,
    __NR_set_tid_address,
    __NR_set_robust_list,
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_sigaltstack,
    __NR_getpid,
    __NR_gettid,
    __NR_getrandom,
    __NR_clock_gettime,
    __NR_clock_nanosleep,
    __NR_nanosleep,
    __NR_sched_yield,
    __NR_exit,
    __NR_exit_group,
    __NR_execve,
    __NR_restart_syscall,
    __NR_getrusage,
    __NR_uname,
    __NR_faccessat,
    __NR_readlinkat,
    __NR_sched_getaffinity,
#ifdef __NR_newfstatat
    __NR_newfstatat,
#endif
#ifdef __NR_rseq
    __NR_rseq,
#endif
#ifdef __NR_arch_prctl
    __NR_arch_prctl,
    __NR_access,
    __NR_readlink,
    __NR_time,
    __NR_gettimeofday,
#endif
};

constexpr long kNewProcess[] = {
    __NR_clone,
    __NR_clone3,
#ifdef __NR_fork
    __NR_fork,
    __NR_vfork,
#endif
};

sock_filter line(unsigned code, std::uint32_t k, unsigned if_true = 0, unsigned if_false = 0) {
  return {static_cast<__u16>(code), static_cast<__u8>(if_true), static_cast<__u8>(if_false), k};
}
/// The low half of an argument of the system call; with `at` 4 the high one.
sock_filter load_argument(std::size_t which, std::size_t at = 0) {
  return line(BPF_LD | BPF_W | BPF_ABS,
              static_cast<std::uint32_t>(offsetof(seccomp_data, args) + which * 8 + at));
}

constexpr std::uint32_t kOwnNumber = 0xFFFFFFFF;  // replaced by the process's own number

}  // namespace

std::vector<sock_filter> quiet_process(bool opens_files) {
  std::vector<sock_filter> f;
  if (kMachine == 0) return f;
  const auto give = [&](std::uint32_t what) { f.push_back(line(BPF_RET | BPF_K, what)); };
  const auto unless = [&](long call) {  // skips the next line for every other call
    f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
  };
  f.push_back(line(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0));
  give(SECCOMP_RET_KILL_PROCESS);
  f.push_back(line(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const long call : kAllowed) {
    unless(call);
    give(SECCOMP_RET_ALLOW);
  }
  for (const long call : kNewProcess) {
    unless(call);
    give(SECCOMP_RET_KILL_PROCESS);
  }
  if (opens_files) {  // for reading only
    constexpr std::uint32_t kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, 4));
    f.push_back(load_argument(2));
    f.push_back(line(BPF_JMP | BPF_JSET | BPF_K, kWrites, 1, 0));
    give(SECCOMP_RET_ALLOW);
    give(SECCOMP_RET_ERRNO | EACCES);
  }
  // Limits are looked at, not set; where the new ones would stand is 0.
  f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, __NR_prlimit64, 0, 6));
  f.push_back(load_argument(2));
  f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3));
  f.push_back(load_argument(2, 4));
  f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
  give(SECCOMP_RET_ALLOW);
  give(SECCOMP_RET_ERRNO | EPERM);
  // abort() sends a signal to its own process, and to no other.
  f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, __NR_tgkill, 0, 4));
  f.push_back(load_argument(0));
  f.push_back(line(BPF_JMP | BPF_JEQ | BPF_K, kOwnNumber, 0, 1));
  give(SECCOMP_RET_ALLOW);
  give(SECCOMP_RET_ERRNO | EPERM);
  give(SECCOMP_RET_ERRNO | EPERM);
  return f;
}

bool confine(std::vector<sock_filter>& filter) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  // Root may look into every process. What is given up here does not come back with exec: the line
  // above sees to that.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capset, &header, none) != 0) return false;
  if (filter.empty()) return false;
  for (sock_filter& part : filter) {
    if (part.k == kOwnNumber) part.k = static_cast<std::uint32_t>(getpid());
  }
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void see_only(const std::vector<std::string>& folders, const std::string& own) {
  constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
                          kAll = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE;
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = kAll;
  const auto rules = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0));
  if (rules < 0) return;
  const auto allow = [&](const char* path, std::uint64_t access) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access;
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) return;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
  };
  for (const std::string& folder : folders) allow(folder.c_str(), kRead);
  allow(own.c_str(), kAll);
  allow("/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
  syscall(SYS_landlock_restrict_self, rules, 0);
  close(rules);
}

}  // namespace attn::app
