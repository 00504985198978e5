// exercise hint: the hints of an exercise, one at a time.
#include <fmt/format.h>

#include "app/exercise/choice.h"
#include "app/exercise/exercises.h"
#include "app/exercise/memory.h"
#include "app/frame/command.h"

namespace attn::app {

namespace {

struct ExerciseHintOptions {
  std::vector<std::string> name;
  std::string from;
};

void bind(Cli& cli, ExerciseHintOptions& o) {
  bind_from(cli, o.from);
  cli.positional("NAME", o.name, "the exercise, as attn exercise list names it");
}

/// The next one; after the last, all of them.
void exercise_hint(Stage& s, const ExerciseHintOptions& o) {
  const Exercise e = find_only_exercise("exercise hint", o.name, o.from);
  const std::vector<std::string> hints = hints_of(e);
  s.trace.title = e.title;
  if (hints.empty()) return s.trace.say("This exercise has no hints.");
  const auto read = static_cast<std::size_t>(record_of(exercise_records(), e.name).hints);
  const std::size_t begin = read < hints.size() ? read : 0;
  const std::size_t end = read < hints.size() ? read + 1 : hints.size();
  for (std::size_t i = begin; i < end; ++i)
    s.trace.say(fmt::format("Hint {} of {}: {}", i + 1, hints.size(), hints[i]));
  s.trace.say(end < hints.size() ? "The same command gives the next one."
                                 : "That was the last hint.");
  remember(e.name, {.hints = static_cast<int>(end)});
}

}  // namespace

Command exercise_hint_command() {
  return {.name = "exercise hint",
          .kind = CommandKind::course,
          .summary = "the hints of an exercise, one at a time",
          .example = "exercise hint stable-softmax",
          .setup = with_options<ExerciseHintOptions>(bind, exercise_hint)};
}

}  // namespace attn::app
