// What is next, the list, the search; progress taken back, away and in.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/lesson/commands.h"
#include "app/lesson/progress_file.h"
#include "app/lesson/session.h"
#include "app/frame/outputs.h"
#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

constexpr std::size_t kMostFound = 50, kShownText = 60, kBefore = 25;
constexpr std::size_t kLargestProgress = std::size_t{1} << 22;

ProgressBook load_progress(Stage& s) {
  std::string warning;
  ProgressBook book = ProgressFile().load(&warning);
  if (!warning.empty()) s.trace.say("Note: " + warning);
  return book;
}

/// Where the change is the command's whole work, it must be kept.
void change_progress(Stage& s, const std::function<void(ProgressBook&)>& change) {
  const ProgressFile::Update update = ProgressFile().update(change);
  if (!update.kept) throw Error(ErrorKind::io, update.note);
  if (!update.note.empty()) s.trace.say("Note: " + update.note);
}

std::string state_of(const LessonRecord& record) {
  if (record.finished) return "done";
  if (record.screens == 0) return "";
  return fmt::format("{}/{}", record.screen + 1, record.screens);
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
  s.trace.say(fmt::format("{} of {} lessons done.", done, library.entries().size()));
  if (!next)
    return s.trace.say(
        "That was all of them. `attn lesson list` shows them, and each can be read again.");
  const Lesson lesson = load_lesson(library, *next, language_for(*next, language));
  const LessonRecord record = book.record(next->slug);
  s.trace.say(fmt::format("Next: lesson {}, {} ({} minutes{}).", next->number(), lesson.title,
                          lesson.minutes,
                          record.screens > 0 ? "; you are at screen " + state_of(record) : ""));
  s.trace.say(
      fmt::format("Read it: attn lesson {}. All lessons: attn lesson list.", next->number()));
}

void bind(Cli& cli, LessonListOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
}

void lesson_list(Stage& s, const LessonListOptions& o) {
  const Library library(o.place.from);
  s.trace.title = "The lessons";
  const ProgressBook book = load_progress(s);
  Table table{"lessons", "", {"no.", "title", "min.", "you"}, {}};
  const auto& all = library.entries();
  const bool several = std::any_of(all.begin(), all.end(),
                                   [](const LessonEntry& e) { return e.languages.size() > 1; });
  if (several) table.columns.emplace_back("languages");
  for (const LessonEntry& entry : library.entries()) {
    Lesson lesson;
    try {
      lesson = load_lesson(library, entry, language_for(entry, o.place.language));
    } catch (const Error& e) {  // one of --from that is being written
      s.trace.say(e.what());
      lesson.title = entry.slug;
    }
    auto& row = table.rows.emplace_back();
    row = {entry.number(), lesson.title, double(lesson.minutes), state_of(book.record(entry.slug))};
    if (several) row.emplace_back(fmt::format("{}", fmt::join(entry.languages, " ")));
  }
  if (table.rows.empty()) return s.trace.say("There are no lessons here.");
  s.trace.add(std::move(table));
  s.trace.say("Read one: attn lesson 00. What is next: attn lesson.");
}

namespace {

/// The screen (from 1) on which a line of the lesson's file stands; 0 if it has no screens.
std::size_t screen_of_line(const Lesson& lesson, const std::vector<Screen>& screens,
                           std::size_t line) {
  std::size_t out = screens.empty() ? 0 : 1;
  for (std::size_t i = 0; i < screens.size(); ++i) {
    if (line_of(lesson.blocks[screens[i].blocks.front()]) <= line) out = i + 1;
  }
  return out;
}

/// The words around a place of a line.
std::string around(const std::string& line, std::size_t place) {
  std::size_t begin = place > kBefore ? line.find(' ', place - kBefore) : std::string::npos;
  begin = begin < place ? begin + 1 : place > kBefore ? place : 0;
  return cut((begin > 0 ? "..." : "") + line.substr(begin), kShownText, "...");
}

}  // namespace

void bind(Cli& cli, LessonSearchOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
  cli.positional("WORD", o.words, "what is looked for, in small or capital letters");
}

void lesson_search(Stage& s, const LessonSearchOptions& o) {
  const Library library(o.place.from);
  const std::string word = lower(fmt::format("{}", fmt::join(o.words, " ")));
  if (word.empty()) throw Error(ErrorKind::usage, "search for what?", "attn lesson search softmax");
  require_utf8(word, "the word");
  s.trace.title = fmt::format("Lessons that speak of \"{}\"", escaped(word));
  Table table{"found", "", {"lesson", "screen", "text"}, {}};
  std::size_t count = 0;
  for (const LessonEntry& entry : library.entries()) {
    const std::string language = language_for(entry, o.place.language);
    const std::string text = library.text(entry, language);
    Lesson lesson;
    try {
      lesson = load_lesson(library, entry, language);
    } catch (const Error& e) {  // one of --from that is being written
      s.trace.say(e.what());
    }
    const std::vector<Screen> screens = screens_of(lesson);
    std::size_t number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, end - at);
      at = end + 1;
      const std::size_t place = lower(line).find(word);
      if (place == std::string::npos || ++count > kMostFound) continue;
      table.rows.push_back({entry.number(), double(screen_of_line(lesson, screens, number)),
                            around(line, std::min(place, line.size()))});
    }
  }
  if (count == 0) return s.trace.say("No lesson does.");
  s.trace.add(std::move(table));
  if (count > kMostFound) s.trace.say(fmt::format("And {} lines more.", count - kMostFound));
}

void bind(Cli& cli, LessonResetOptions& o) {
  bind_from(cli, o.place);
  cli.positional("LESSON", o.words, "numbers of lessons");
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

void bind(Cli& cli, LessonFileOptions& o) {
  cli.positional("FILE", o.file, "where your progress is written to, or read from");
}

namespace {

const std::string& one_file(const LessonFileOptions& o) {
  if (o.file.size() != 1)
    throw Error(ErrorKind::usage, "one file is needed", "attn lesson export progress.json");
  return o.file[0];
}

}  // namespace

void lesson_export(Stage& s, const LessonFileOptions& o) {
  const std::string& file = one_file(o);
  check_place(file);
  const ProgressBook book = load_progress(s);
  write_file(file, book.text());
  s.trace.title = "Your progress, to take along";
  s.trace.say(fmt::format("{} lessons written to {}. Elsewhere: attn lesson import {}.",
                          book.slugs().size(), escaped(file, 200), escaped(file, 200)));
}

void lesson_import(Stage& s, const LessonFileOptions& o) {
  const std::string& file = one_file(o);
  const ProgressBook other = ProgressBook::parse(read_file(file, kLargestProgress), file);
  s.trace.title = "Progress from elsewhere";
  change_progress(s, [&](ProgressBook& book) {
    for (const std::string& slug : other.slugs())
      book.set(slug,
               book.has(slug) ? merged(book.record(slug), other.record(slug)) : other.record(slug));
  });
  s.trace.say(fmt::format("{} lessons taken over; answers that were here already stay.",
                          other.slugs().size()));
}

}  // namespace attn::app
