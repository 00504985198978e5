// lesson search; and progress taken back, away and in.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/frame/outputs.h"
#include "app/frame/terms.h"
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

namespace {

constexpr std::size_t kMostFound = 50, kMostTerms = 3, kShownText = 60, kBefore = 25;
constexpr std::size_t kLargestProgress = std::size_t{1} << 22;

/// Where the change is the command's whole work, it must be kept.
void change_progress(Stage& s, const std::function<void(ProgressBook&)>& change) {
  const ProgressFile::Update update = ProgressFile().update(change);
  if (!update.kept) throw Error(ErrorKind::io, update.note);
  if (!update.note.empty()) s.trace.say("Note: " + update.note);
}

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

struct LessonSearchOptions {
  LessonPlace place;
  std::vector<std::string> words;
};

void bind(Cli& cli, LessonSearchOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
  cli.positional("WORD", o.words, "what is looked for, in small or capital letters");
}

void lesson_search(Stage& s, const LessonSearchOptions& o) {
  const Library library(o.place.from);
  const std::string word = lower(joined(o.words, " "));
  if (word.empty()) throw Error(ErrorKind::usage, "search for what?", "attn lesson search softmax");
  require_utf8(word, "the word");
  s.trace.title = fmt::format("Lessons that speak of \"{}\"", escaped(word));
  const std::vector<const Term*> named = terms_with(word);
  for (std::size_t i = 0; i < named.size() && i < kMostTerms; ++i)
    s.trace.add(Verbatim{described(*named[i])});
  if (!named.empty()) add_terms(s.trace, named);
  if (named.size() > kMostTerms)
    s.trace.say(
        fmt::format("And {} terms more: attn terms {}.", named.size() - kMostTerms, escaped(word)));
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
  if (count == 0) {
    if (!named.empty()) return s.trace.say("No lesson has these very words.");
    const Term* near = nearest_term(word);
    return s.trace.say(
        near ? fmt::format("No lesson does. Nearly: attn lesson search '{}'.", near->english)
             : "No lesson does.");
  }
  s.trace.add(std::move(table));
  if (count > kMostFound)
    s.trace.say(fmt::format("And {} more.", how_many(count - kMostFound, "line")));
}

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

struct LessonFileOptions {
  std::vector<std::string> file;
};

void bind_written(Cli& cli, LessonFileOptions& o) {
  cli.positional("FILE", o.file, "where your progress is written to", FileUse::writes);
}

void bind_read(Cli& cli, LessonFileOptions& o) {
  cli.positional("FILE", o.file, "where your progress is read from", FileUse::reads);
}

const std::string& one_file(const LessonFileOptions& o) {
  if (o.file.size() != 1)
    throw Error(ErrorKind::usage, "one file is needed", "attn lesson export progress.json");
  return o.file[0];
}

void lesson_export(Stage& s, const LessonFileOptions& o) {
  const std::string& file = one_file(o);
  check_place(file);
  const ProgressBook book = load_progress(s);
  write_file(file, book.text());
  s.trace.title = "Your progress, to take along";
  s.trace.say(fmt::format("{} written to {}. Elsewhere: attn lesson import {}.",
                          how_many(book.slugs().size(), "lesson"), escaped(file, 200),
                          escaped(file, 200)));
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
  s.trace.say(fmt::format("{} taken over; answers that were here already stay.",
                          how_many(other.slugs().size(), "lesson")));
}

}  // namespace

Command lesson_search_command() {
  return {.name = "lesson search",
          .kind = CommandKind::course,
          .summary = "lines of the lessons that hold a word",
          .example = "lesson search softmax",
          .setup = with_options<LessonSearchOptions>(bind, lesson_search)};
}

Command lesson_reset_command() {
  return {.name = "lesson reset",
          .kind = CommandKind::course,
          .summary = "forgets how far you are in a lesson",
          .example = "lesson reset 05",
          .setup = with_options<LessonResetOptions>(bind, lesson_reset)};
}

Command lesson_export_command() {
  return {.name = "lesson export",
          .kind = CommandKind::course,
          .summary = "writes your progress to a file",
          .example = "lesson export progress.json",
          .setup = with_options<LessonFileOptions>(bind_written, lesson_export)};
}

Command lesson_import_command() {
  return {.name = "lesson import",
          .kind = CommandKind::course,
          .summary = "adds the progress of such a file to yours",
          .example = "lesson import progress.json",
          .setup = with_options<LessonFileOptions>(bind_read, lesson_import)};
}

}  // namespace attn::app
