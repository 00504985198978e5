#pragma once
#include <linux/filter.h>

#include <vector>

namespace attn::app {

/// What a process may ask the system for, as a seccomp filter: memory, its pipes, the time, its own
/// end, and with `opens_files` files to be looked at and read. Everything else fails with EPERM,
/// but for starting another process or thread, which ends it with SIGSYS. Empty where this
/// processor's system calls are not known here.
std::vector<sock_filter> quiet_process(bool opens_files);

/// Takes from the calling process all rights beyond its user's (root's, too) and the way to new
/// ones, and puts the filter on it, for good.
/// Between fork and exec; false if the system does not offer it.
bool confine(std::vector<sock_filter>& filter);

}  // namespace attn::app
