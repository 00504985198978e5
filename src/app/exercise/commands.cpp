// exercise list, start, check: functions to write in C++, tried case by case.

#include <fmt/format.h>

#include <filesystem>

#include "app/exercise/check.h"
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

void bind_from(Cli& cli, std::string& from) {
  cli.input_file("--from", from, "DIR", "a folder of lessons; without it, those of the program");
}

/// The one word of a command that takes one.
std::string only(const std::vector<std::string>& words, const char* message, const char* hint) {
  if (words.size() != 1 || words[0].empty()) throw Error(ErrorKind::usage, message, hint);
  return words[0];
}

ExerciseRecord record_of(const ExerciseRecords& records, const Exercise& e) {
  const auto found = records.find(e.name);
  return found == records.end() ? ExerciseRecord{} : found->second;
}

/// "solved", "6 of 10", or "".
std::string state_of(const ExerciseRecords& records, const Exercise& e) {
  const ExerciseRecord record = record_of(records, e);
  if (record.solved) return "solved";
  return record.points > 0 ? fmt::format("{} of {}", record.points, e.points) : "";
}

/// The first exercise that is not solved.
void say_next(Trace& trace, const std::string& from) {
  const ExerciseRecords records = exercise_records();
  for (const Exercise& e : exercises(from)) {
    if (record_of(records, e).solved) continue;
    return trace.say(fmt::format("Next: attn exercise start {} (lesson {}).", e.name, e.lesson));
  }
  trace.say("All exercises are solved.");
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

struct ExerciseStartOptions {
  std::vector<std::string> name;
  std::string from, out;
};

void bind(Cli& cli, ExerciseStartOptions& o) {
  cli.output_file("--out", o.out, "DIR",
                  "where to put the files; without it, a new folder NAME here");
  bind_from(cli, o.from);
  cli.positional("NAME", o.name, "the exercise, as attn exercise list names it");
  cli.suggest([] {
    std::vector<std::string> names;
    for (const Exercise& e : exercises()) names.push_back(e.name);
    return names;
  });
}

void exercise_start(Stage& s, const ExerciseStartOptions& o) {
  const Exercise e = find_exercise(
      only(o.name, "exercise start needs the name of one exercise", "attn exercise list"), o.from);
  const fs::path folder = o.out.empty() ? fs::path(e.name) : fs::path(o.out);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(
        ErrorKind::io,
        fmt::format("{}: cannot be made: {}", escaped(folder.string(), 200), error.message()),
        "name a folder that may be written with --out DIR");
  }
  const std::pair<const char*, std::string> files[] = {{kAnswerFile, first_line(e) + e.stub},
                                                       {"exercise.md", text_without_hints(e)},
                                                       {"exercise.h", e.header},
                                                       {"matrix.h", matrix_header()}};
  s.trace.title = e.title;
  Table table{"files", "", {"file", "what came of it"}, {}};
  for (const auto& [name, bytes] : files) {
    const fs::path path = folder / name;
    const bool there = fs::exists(fs::symlink_status(path, error));
    if (!there) write_file(path.string(), bytes);
    table.rows.push_back({path.string(), std::string(there ? "was there: left as it is" : "new")});
  }
  s.trace.add(std::move(table));
  s.trace.say(fmt::format(
      "Read exercise.md, write in {0} where it says TODO, then: attn exercise check {1} (with "
      "--watch it looks again whenever you save). Where you are stuck: attn exercise hint {2}.",
      kAnswerFile, escaped(folder.string(), 200), e.name));
}

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
  const Exercise e = find_exercise(
      only(o.name, "exercise hint needs the name of one exercise", "attn exercise list"), o.from);
  const std::vector<std::string> hints = hints_of(e);
  s.trace.title = e.title;
  if (hints.empty()) return s.trace.say("This exercise has no hints.");
  const auto read = static_cast<std::size_t>(record_of(exercise_records(), e).hints);
  const std::size_t begin = read < hints.size() ? read : 0;
  const std::size_t end = read < hints.size() ? read + 1 : hints.size();
  for (std::size_t i = begin; i < end; ++i)
    s.trace.say(fmt::format("Hint {} of {}: {}", i + 1, hints.size(), hints[i]));
  s.trace.say(end < hints.size() ? "The same command gives the next one."
                                 : "That was the last hint.");
  remember(e.name, {.hints = static_cast<int>(end)});
}

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

Command exercise_list_command() {
  return {.name = "exercise list",
          .kind = CommandKind::course,
          .summary = "functions to write in C++, lesson by lesson",
          .example = "exercise list",
          .setup = with_options<ExerciseListOptions>(bind, exercise_list)};
}

Command exercise_start_command() {
  return {.name = "exercise start",
          .kind = CommandKind::course,
          .summary = "a folder with the task and a file to write in",
          .example = "exercise start stable-softmax --out /tmp/stable-softmax",
          .setup = with_options<ExerciseStartOptions>(bind, exercise_start)};
}

Command exercise_hint_command() {
  return {.name = "exercise hint",
          .kind = CommandKind::course,
          .summary = "the hints of an exercise, one at a time",
          .example = "exercise hint stable-softmax",
          .setup = with_options<ExerciseHintOptions>(bind, exercise_hint)};
}

Command exercise_check_command() {
  return {.name = "exercise check",
          .kind = CommandKind::course,
          .summary = "compiles what you wrote and tries it case by case",
          .example = "exercise check /tmp/stable-softmax --watch",
          .setup = with_options<ExerciseCheckOptions>(bind, exercise_check)};
}

}  // namespace attn::app
