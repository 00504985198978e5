#pragma once
#include <linux/filter.h>

#include <vector>

namespace attn::app {

/// What a process may ask the system for, as a seccomp filter: memory, its pipes, files to be read,
/// the time, its own end. Everything else fails with EPERM, but for starting another process or
/// thread, which ends it with SIGSYS. Empty where this processor's system calls are not known here.
std::vector<sock_filter> quiet_process();

/// Puts the filter on the calling process, for good, and takes from it the way to more rights.
/// Between fork and exec; false if the system does not offer it.
bool confine(std::vector<sock_filter>& filter);

}  // namespace attn::app
