// lesson export: progress, to take along.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/frame/outputs.h"
#include "app/lesson/overview.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

struct LessonExportOptions {
  std::vector<std::string> file;
};

void bind(Cli& cli, LessonExportOptions& o) {
  cli.positional("FILE", o.file, "where your progress is written to", FileUse::writes);
}

void lesson_export(Stage& s, const LessonExportOptions& o) {
  const std::string& file = only_file(o.file);
  check_place(file);
  const ProgressBook book = load_progress(s);
  write_file(file, book.text());
  s.trace.title = "Your progress, to take along";
  s.trace.say(fmt::format("{} written to {}. Elsewhere: attn lesson import {}.",
                          how_many(book.slugs().size(), "lesson"), escaped(file, 200),
                          escaped(file, 200)));
}

}  // namespace

Command lesson_export_command() {
  return {.name = "lesson export",
          .kind = CommandKind::course,
          .summary = "writes your progress to a file",
          .example = "lesson export progress.json",
          .setup = with_options<LessonExportOptions>(bind, lesson_export)};
}

}  // namespace attn::app
