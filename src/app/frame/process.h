#pragma once
// What the process needs from the system before and beside the work: memory, threads, files.
#include <cstdint>
#include <string_view>

namespace attn::app {

/// First thing in main: standard files stay what they are, a closed pipe is no signal, memory is
/// kept.
void prepare_process(char** arguments);

/// Throws Error(limit) if `ulimit -v` has no room for the buffers of so many threads.
void check_threads(std::int64_t threads);

/// Makes waiting threads sleep soon; may start the program again. Call it before any work, and only
/// where several threads will compute.
void wait_briefly();

/// Writes everything to an open file, every byte checked. A reader that closed its end early
/// (| head -1) is no error. Throws Error(io).
void write_all(int file, std::string_view text);

}  // namespace attn::app
