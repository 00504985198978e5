// lesson list; and what is next.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/frame/outputs.h"
#include "app/lesson/overview.h"
#include "app/lesson/place.h"
#include "app/lesson/progress_file.h"
#include "app/lesson/session.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"

namespace attn::app {

ProgressBook load_progress(Stage& s) {
  std::string warning;
  ProgressBook book = ProgressFile().load(&warning);
  if (!warning.empty()) s.trace.say("Note: " + warning);
  return book;
}

namespace {

std::string state_of(const LessonRecord& record) {
  if (record.finished) return "done";
  if (record.screens == 0) return "";
  return fmt::format("{}/{}", record.screen + 1, record.screens);
}

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
           std::string(lesson.core ? "core" : ""), state_of(book.record(entry.slug))};
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

void lesson_next(Stage& s, const Library& library, const std::string& language) {
  s.trace.title = "The course";
  const ProgressBook book = load_progress(s);
  std::size_t done = 0;
  const LessonEntry* next = nullptr;
  for (const LessonEntry& entry : library.entries()) {
    const bool finished = book.record(entry.slug).finished;
    done += finished ? 1 : 0;
    if (!finished && !next) next = &entry;
  }
  if (library.entries().empty()) return s.trace.say("There are no lessons here.");
  s.trace.say(fmt::format("{} of {} done.", done, how_many(library.entries().size(), "lesson")));
  if (!next)
    return s.trace.say(
        "That was all of them. `attn lesson list` shows them, and each can be read again.");
  const Lesson lesson = load_lesson(library, *next, language_for(*next, language));
  const LessonRecord record = book.record(next->slug);
  s.trace.say(fmt::format("Next: lesson {}, {} ({}{}).", next->number(), lesson.title,
                          how_many(lesson.minutes, "minute"),
                          record.screens > 0 ? "; you are at screen " + state_of(record) : ""));
  s.trace.say(
      fmt::format("Read it: attn lesson {}. All lessons: attn lesson list.", next->number()));
}

Command lesson_list_command() {
  return {.name = "lesson list",
          .kind = CommandKind::course,
          .summary = "all lessons, and how far you are",
          .example = "lesson list",
          .setup = with_options<LessonListOptions>(bind, lesson_list)};
}

}  // namespace attn::app
