#include "app/exercise/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>

namespace attn::app {

namespace {

// A name that this processor's Linux does not have makes no rule.

/// Nothing of these reaches beyond the process.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(sched_yield),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(execve),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrusage),
    SCMP_SYS(uname),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rseq),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(time),
    SCMP_SYS(gettimeofday),
};

/// They tell which files exist: only for programs that open their libraries.
constexpr int kLooksAtFiles[] = {SCMP_SYS(faccessat), SCMP_SYS(readlinkat), SCMP_SYS(newfstatat),
                                 SCMP_SYS(access), SCMP_SYS(readlink)};

constexpr int kNewProcess[] = {SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork), SCMP_SYS(vfork)};

// Replaced by the process's own number, which is not known before fork. No process has this one.
constexpr std::uint32_t kOwnNumber = 0x7FFFFFFF;

/// A filter while it is written; `well` turns false where the library refuses a rule.
class Rules {
 public:
  explicit Rules(std::uint32_t otherwise) : context_(seccomp_init(otherwise), seccomp_release) {
    well = context_ &&
           seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
  }
  void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> where = {}) {
    well = well && seccomp_rule_add_array(context_.get(), action, call,
                                          static_cast<unsigned>(where.size()), where.begin()) == 0;
  }
  /// As the kernel takes it. (Loading it by the library takes memory, which is not to be had
  /// between fork and exec.)
  std::vector<sock_filter> program() const {
    const int file = well ? memfd_create("filter", MFD_CLOEXEC) : -1;
    if (file < 0) return {};
    std::vector<sock_filter> out;
    if (seccomp_export_bpf(context_.get(), file) == 0) {
      const auto bytes = static_cast<std::size_t>(lseek(file, 0, SEEK_END));
      out.resize(bytes / sizeof(sock_filter));
      if (pread(file, out.data(), bytes, 0) != static_cast<ssize_t>(bytes)) out.clear();
    }
    close(file);
    return out;
  }

 private:
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  bool well = false;
};

}  // namespace

std::vector<sock_filter> quiet_process(bool opens_files) {
  const std::uint32_t machine = seccomp_arch_native();
  if (machine != SCMP_ARCH_X86_64 && machine != SCMP_ARCH_AARCH64)
    return {};  // programs for other processors need other calls
  Rules rules(SCMP_ACT_ERRNO(EPERM));
  for (const int call : kAllowed) rules.add(SCMP_ACT_ALLOW, call);
  for (const int call : kNewProcess) rules.add(SCMP_ACT_KILL_PROCESS, call);
  if (opens_files) {  // for reading only
    for (const int call : kLooksAtFiles) rules.add(SCMP_ACT_ALLOW, call);
    constexpr unsigned kWrites[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND};
    scmp_datum_t any = 0;
    for (const unsigned flag : kWrites) {
      any |= flag;
      rules.add(SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat),
                {SCMP_A2(SCMP_CMP_MASKED_EQ, flag, flag)});
    }
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(openat), {SCMP_A2(SCMP_CMP_MASKED_EQ, any, 0)});
  }
  // Limits are looked at, not set; where the new ones would stand is 0.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), {SCMP_A2(SCMP_CMP_EQ, 0)});
  // abort() sends a signal to its own process, and to no other.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
            {SCMP_A0(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, kOwnNumber)});
  return rules.program();
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
