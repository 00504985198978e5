#pragma once
#include <linux/filter.h>

#include <string>
#include <vector>

namespace attn::app {

/// What a process may ask the system for, as a seccomp filter: memory, its pipes, the time, its own
/// end, and with `opens_files` files to be read. Everything else fails with EPERM, but for starting
/// another process or thread, which ends it with SIGSYS. Empty where this processor's system calls
/// are not known here.
std::vector<sock_filter> quiet_process(bool opens_files);

/// Takes from the calling process all rights beyond its user's (root's, too) and the way to new
/// ones, and puts the filter on it, for good.
/// Between fork and exec; false if the system does not offer it.
bool confine(std::vector<sock_filter>& filter);

/// From now on the calling process, and what it starts, reads nothing but what lies under `folders`
/// and `own`, and writes nothing but what lies under `own` (Landlock). Nothing changes where the
/// kernel does not offer it. Between fork and exec, after PR_SET_NO_NEW_PRIVS.
void see_only(const std::vector<std::string>& folders, const std::string& own);

}  // namespace attn::app
