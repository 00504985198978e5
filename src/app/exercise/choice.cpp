#include "app/exercise/choice.h"

#include <fmt/format.h>

#include "app/exercise/memory.h"
#include "attn/core/error.h"

namespace attn::app {

void bind_from(Cli& cli, std::string& from) {
  cli.input_file("--from", from, "DIR", "a folder of lessons; without it, those of the program");
}

Exercise find_only_exercise(const char* command, const std::vector<std::string>& words,
                            const std::string& from) {
  if (words.size() != 1 || words[0].empty())
    throw Error(ErrorKind::usage, fmt::format("{} needs the name of one exercise", command),
                "attn exercise list");
  return find_exercise(words[0], from);
}

void say_next(Trace& trace, const std::string& from) {
  const ExerciseRecords records = exercise_records();
  for (const Exercise& e : exercises(from)) {
    if (record_of(records, e.name).solved) continue;
    return trace.say(fmt::format("Next: attn exercise start {} (lesson {}).", e.name, e.lesson));
  }
  trace.say("All exercises are solved.");
}

}  // namespace attn::app
