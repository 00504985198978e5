// exercise list: functions to write in C++, lesson by lesson.
#include <fmt/format.h>

#include "app/exercise/choice.h"
#include "app/exercise/exercises.h"
#include "app/exercise/memory.h"
#include "app/frame/command.h"

namespace attn::app {

namespace {

/// "solved", "6 of 10", or "".
std::string state_of(const ExerciseRecords& records, const Exercise& e) {
  const ExerciseRecord record = record_of(records, e.name);
  if (record.solved) return "solved";
  return record.points > 0 ? fmt::format("{} of {}", record.points, e.points) : "";
}

struct ExerciseListOptions {
  std::string from;  ///< a folder of lessons; "": those of the program
};

void bind(Cli& cli, ExerciseListOptions& o) { bind_from(cli, o.from); }

void exercise_list(Stage& s, const ExerciseListOptions& o) {
  s.trace.title = "Exercises in C++";
  Table table{"exercises", "", {"exercise", "no.", "you", "what you write"}, {}};
  const ExerciseRecords records = exercise_records();
  for (const Exercise& e : exercises(o.from))
    table.rows.push_back({e.name, e.lesson.substr(0, 2), state_of(records, e), e.title});
  s.trace.add(std::move(table));
  say_next(s.trace, o.from);
  s.trace.say(
      "attn exercise start NAME makes a folder with the task and a file to write in; attn exercise "
      "check NAME tries what you wrote.");
}

}  // namespace

Command exercise_list_command() {
  return {.name = "exercise list",
          .kind = CommandKind::course,
          .summary = "functions to write in C++, lesson by lesson",
          .example = "exercise list",
          .setup = with_options<ExerciseListOptions>(bind, exercise_list)};
}

}  // namespace attn::app
