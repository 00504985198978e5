// lesson list: all lessons, and how far a reader is.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/lesson/overview.h"
#include "app/lesson/place.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

struct LessonListOptions {
  LessonPlace place;
};

void bind(Cli& cli, LessonListOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
}

void lesson_list(Stage& s, const LessonListOptions& o) {
  const Library library(o.place.from);
  s.trace.title = "The lessons";
  const ProgressBook book = load_progress(s);
  Table table{"lessons", "", {"no.", "title", "min.", "path", "you"}, {}};
  const auto& all = library.entries();
  const bool several = std::any_of(all.begin(), all.end(),
                                   [](const LessonEntry& e) { return e.languages.size() > 1; });
  if (several) table.columns.emplace_back("languages");
  int core = 0;
  for (const LessonEntry& entry : library.entries()) {
    Lesson lesson;
    try {
      lesson = load_lesson(library, entry, language_for(entry, o.place.language));
    } catch (const Error& e) {  // one of --from that is being written
      s.trace.say(e.what());
      lesson.title = entry.slug;
    }
    auto& row = table.rows.emplace_back();
    core += lesson.core ? lesson.minutes : 0;
    row = {entry.number(), lesson.title, double(lesson.minutes),
           std::string(lesson.core ? "core" : ""), progress_of(book.record(entry.slug))};
    if (several) row.emplace_back(joined(entry.languages, " "));
  }
  if (table.rows.empty()) return s.trace.say("There are no lessons here.");
  s.trace.add(std::move(table));
  if (core > 0)
    s.trace.say(
        fmt::format("The core path, {}, is enough to understand a Transformer; the "
                    "other lessons go further.",
                    how_many(core, "minute")));
  s.trace.say("Read one: attn lesson 00. What is next: attn lesson.");
}

}  // namespace

Command lesson_list_command() {
  return {.name = "lesson list",
          .kind = CommandKind::course,
          .summary = "all lessons, and how far you are",
          .example = "lesson list",
          .setup = with_options<LessonListOptions>(bind, lesson_list)};
}

}  // namespace attn::app
