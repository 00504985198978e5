#pragma once
// From a command line to a Trace.
#include <functional>
#include <string>
#include <vector>

#include "app/frame/command.h"

namespace attn::app {

/// What the command line asked for.
struct Parsed {
  const Command* command = nullptr;
  Common common;
  std::int64_t threads = 1;  ///< --threads, given or not, of the command or of every stage
  std::function<void(Stage&)> compute;
};

/// Reads "heads --heads 2 ...". Throws Error(usage).
Parsed parse_command_line(const std::vector<std::string>& arguments);

/// Computes the trace, --repeat times. In-process, as often as wanted: nothing is left over.
Trace compute(const Parsed& parsed);
inline Trace compute(const std::vector<std::string>& arguments) {
  return compute(parse_command_line(arguments));
}

/// The hint of a step that is not there, "the steps: q, k": all names, or of many those that end
/// with the name that was asked for, or the first.
std::string steps_hint(const char* whose, const std::string& asked,
                       const std::vector<std::string>& names);

/// --show must find something: an empty screen teaches nothing. Throws Error(usage) with the names.
void require_match(const Trace& trace, const std::string& glob);

}  // namespace attn::app
