#include "app/lesson/overview.h"

#include <fmt/format.h>

#include "app/lesson/place.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"

namespace attn::app {

ProgressBook load_progress(Stage& s) {
  std::string warning;
  ProgressBook book = ProgressFile().load(&warning);
  if (!warning.empty()) s.trace.say("Note: " + warning);
  return book;
}

void change_progress(Stage& s, const std::function<void(ProgressBook&)>& change) {
  const ProgressFile::Update update = ProgressFile().update(change);
  if (!update.kept) throw Error(ErrorKind::io, update.note);
  if (!update.note.empty()) s.trace.say("Note: " + update.note);
}

const std::string& only_file(const std::vector<std::string>& words) {
  if (words.size() != 1)
    throw Error(ErrorKind::usage, "one file is needed", "attn lesson export progress.json");
  return words[0];
}

std::string progress_of(const LessonRecord& record) {
  if (record.finished) return "done";
  if (record.screens == 0) return "";
  return fmt::format("{}/{}", record.screen + 1, record.screens);
}

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
                          record.screens > 0 ? "; you are at screen " + progress_of(record) : ""));
  s.trace.say(
      fmt::format("Read it: attn lesson {}. All lessons: attn lesson list.", next->number()));
}

}  // namespace attn::app
