// exercise check: compiles what was written and tries it case by case.
#include <filesystem>

#include "app/exercise/check.h"
#include "app/exercise/choice.h"
#include "app/exercise/exercises.h"
#include "app/exercise/memory.h"
#include "app/exercise/report.h"
#include "app/exercise/watch.h"
#include "app/frame/command.h"
#include "app/frame/interrupt.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

namespace fs = std::filesystem;

struct ExerciseCheckOptions {
  std::vector<std::string> place;
  std::string from;
  bool watch = false;
};

void bind(Cli& cli, ExerciseCheckOptions& o) {
  cli.flag("--watch", o.watch, "check again whenever the file changes, until Ctrl-C");
  bind_from(cli, o.from);
  cli.positional("DIR", o.place, "the folder of exercise start, or the file; without it, here",
                 FileUse::reads);
}

void exercise_check(Stage& s, const ExerciseCheckOptions& o) {
  if (o.place.size() > 1)
    throw Error(ErrorKind::usage, "exercise check takes one folder", "check one after the other");
  fs::path file = o.place.empty() ? fs::path(".") : fs::path(o.place[0]);
  if (is_folder(file.string())) file /= kAnswerFile;
  const std::string path = file.lexically_normal().string();
  const Stop stop = [&] { return s.common.progress && s.common.progress->stop(); };
  const std::string answer = read_file(path, kLongestAnswer);
  const Exercise e = find_exercise(exercise_of(answer, path), o.from);
  try {
    Workshop workshop(e, stop);
    const CheckResult result =
        o.watch ? watch_answer(workshop, e, path, s.common) : check_answer(workshop, e, answer);
    show_result(s.trace, result);
    const bool solved = result.compiled && result.points() == result.worth();
    remember(e.name, {.points = result.points(), .solved = solved});
    if (solved && !o.watch) say_next(s.trace, o.from);
    if (o.watch)
      std::erase_if(s.trace.items, [](const Item& item) {
        return !std::holds_alternative<Check>(item);  // the rest has been shown
      });
  } catch (const Interrupted&) {
    s.trace.interrupted = true;
    s.trace.go_on = "check again with the same command";
  }
}

}  // namespace

Command exercise_check_command() {
  return {.name = "exercise check",
          .kind = CommandKind::course,
          .summary = "compiles what you wrote and tries it case by case",
          .example = "exercise check /tmp/stable-softmax --watch",
          .setup = with_options<ExerciseCheckOptions>(bind, exercise_check)};
}

}  // namespace attn::app
