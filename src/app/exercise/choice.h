#pragma once
// Which exercise a command speaks of, and which comes next.
#include <string>
#include <vector>

#include "app/exercise/exercises.h"
#include "app/frame/cli.h"
#include "attn/graph/trace.h"

namespace attn::app {

/// --from: a folder of lessons in place of those of the program.
void bind_from(Cli& cli, std::string& from);

/// The exercise that the one word of a command names. Throws Error(usage) for more words or none.
Exercise find_only_exercise(const char* command, const std::vector<std::string>& words,
                            const std::string& from);

/// Says the first exercise that is not solved.
void say_next(Trace& trace, const std::string& from);

}  // namespace attn::app
