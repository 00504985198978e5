// lesson reset: forgets how far a reader is in a lesson.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/lesson/overview.h"
#include "app/lesson/place.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

struct LessonResetOptions {
  LessonPlace place;
  std::vector<std::string> words;
};

void bind(Cli& cli, LessonResetOptions& o) {
  bind_from(cli, o.place);
  bind_lessons(cli, o.words, "numbers of lessons");
}

void lesson_reset(Stage& s, const LessonResetOptions& o) {
  const Library library(o.place.from);
  if (o.words.empty()) throw Error(ErrorKind::usage, "reset which lesson?", "attn lesson reset 05");
  std::vector<LessonEntry> entries;
  for (const std::string& word : o.words) entries.push_back(library.find(word));
  s.trace.title = "Lessons that begin anew";
  change_progress(s, [&](ProgressBook& book) {
    for (const LessonEntry& entry : entries) book.remove(entry.slug);
  });
  for (const LessonEntry& entry : entries)
    s.trace.say(fmt::format("Lesson {} begins anew: attn lesson {}.", entry.slug, entry.number()));
}

}  // namespace

Command lesson_reset_command() {
  return {.name = "lesson reset",
          .kind = CommandKind::course,
          .summary = "forgets how far you are in a lesson",
          .example = "lesson reset 05",
          .setup = with_options<LessonResetOptions>(bind, lesson_reset)};
}

}  // namespace attn::app
