// lesson import: progress from elsewhere.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/lesson/overview.h"
#include "attn/core/how_many.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

constexpr std::size_t kLargestProgress = std::size_t{1} << 22;

struct LessonImportOptions {
  std::vector<std::string> file;
};

void bind(Cli& cli, LessonImportOptions& o) {
  cli.positional("FILE", o.file, "where your progress is read from", FileUse::reads);
}

void lesson_import(Stage& s, const LessonImportOptions& o) {
  const std::string& file = only_file(o.file);
  const ProgressBook other = ProgressBook::parse(read_file(file, kLargestProgress), file);
  s.trace.title = "Progress from elsewhere";
  change_progress(s, [&](ProgressBook& book) {
    for (const std::string& slug : other.slugs())
      book.set(slug,
               book.has(slug) ? merged(book.record(slug), other.record(slug)) : other.record(slug));
  });
  s.trace.say(fmt::format("{} taken over; answers that were here already stay.",
                          how_many(other.slugs().size(), "lesson")));
}

}  // namespace

Command lesson_import_command() {
  return {.name = "lesson import",
          .kind = CommandKind::course,
          .summary = "adds the progress of such a file to yours",
          .example = "lesson import progress.json",
          .setup = with_options<LessonImportOptions>(bind, lesson_import)};
}

}  // namespace attn::app
