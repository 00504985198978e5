// exercise start: a folder with the task and a file to write in.
#include <fmt/format.h>

#include <filesystem>

#include "app/exercise/choice.h"
#include "app/exercise/exercises.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

namespace fs = std::filesystem;

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
  const Exercise e = find_only_exercise("exercise start", o.name, o.from);
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

}  // namespace

Command exercise_start_command() {
  return {.name = "exercise start",
          .kind = CommandKind::course,
          .summary = "a folder with the task and a file to write in",
          .example = "exercise start stable-softmax --out /tmp/stable-softmax",
          .setup = with_options<ExerciseStartOptions>(bind, exercise_start)};
}

}  // namespace attn::app
