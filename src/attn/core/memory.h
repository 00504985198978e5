#pragma once
#include <string>

namespace attn {

/// Bytes that this process may still use: free memory of the machine, or `ulimit -v` if that is
/// less.
double available_memory();

/// The most that require_memory lets through, in bytes; at first half of the machine's memory, at
/// most 4 GB.
void set_memory_limit(double bytes);

/// Throws Error(limit) with the estimate and the limit if `what` needs more bytes than 80 % of the
/// available memory, or than the limit above. Called before anything is allocated.
void require_memory(double bytes, const std::string& what);

}  // namespace attn
