// lesson: reads a lesson, in a terminal or from start to end.
#include "app/commands/lesson.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/lesson/check.h"
#include "app/lesson/console.h"
#include "app/lesson/library.h"
#include "app/lesson/print.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

void bind_place(Cli& cli, LessonPlace& place, bool language = true) {
  cli.text("--from", place.from, "DIR", "lessons of a folder in place of the program's own");
  if (language)
    cli.text("--lang", place.language, "LANG", "the lesson in this language, where there is one");
}

/// The language that a lesson is read in: the one asked for if there is one.
std::string language_for(const LessonEntry& entry, const std::string& asked) {
  return entry.has(asked) ? asked : "en";
}

Lesson load(const Library& library, const LessonEntry& entry, const std::string& language) {
  return parse_lesson(library.text(entry, language), library.source(entry, language));
}

}  // namespace

void bind(Cli& cli, LessonOptions& o) {
  bind_place(cli, o.place);
  cli.flag("--no-quiz", o.no_quiz, "print it from start to end, with the answers");
  cli.positional("LESSON", o.words, "its number: 05");
}

void lesson(Stage& s, const LessonOptions& o) {
  const Library library(o.place.from);
  if (o.words.size() != 1)
    throw Error(ErrorKind::usage, "which lesson?", "attn lesson list shows them");
  const LessonEntry& entry = library.find(o.words[0]);
  const std::string language = language_for(entry, o.place.language);
  Reading reading(load(library, entry, language), s.common.console != nullptr);
  if (Console* console = s.common.console) {
    print_lesson(reading, entry.number(), console->options(),
                 [&](std::string_view text) { console->write(text); });
  } else {
    std::string text;
    RenderOptions options;
    options.plain = true;
    print_lesson(reading, entry.number(), options, [&](std::string_view part) { text += part; });
    s.trace.items.emplace_back(Verbatim{std::move(text)});
  }
}

void bind(Cli& cli, LessonListOptions& o) { bind_place(cli, o.place); }

void lesson_list(Stage& s, const LessonListOptions& o) {
  const Library library(o.place.from);
  s.trace.title = "The lessons";
  Table table{"lessons", "", {"lesson", "title", "needs", "minutes", "languages"}, {}};
  for (const LessonEntry& entry : library.entries()) {
    const Lesson lesson = load(library, entry, language_for(entry, o.place.language));
    table.rows.push_back({entry.number(), lesson.title,
                          fmt::format("{}", fmt::join(lesson.needs, " ")), double(lesson.minutes),
                          fmt::format("{}", fmt::join(entry.languages, " "))});
  }
  if (table.rows.empty()) return s.trace.say("There are no lessons here.");
  s.trace.items.emplace_back(std::move(table));
}

void bind(Cli& cli, LessonCheckOptions& o) {
  bind_place(cli, o.place, false);
  cli.positional("LESSON", o.words, "numbers of lessons; without one, all");
}

void lesson_check(Stage& s, const LessonCheckOptions& o) {
  const Library library(o.place.from);
  std::vector<LessonEntry> entries;
  for (const std::string& word : o.words) entries.push_back(library.find(word));
  if (o.words.empty()) entries = library.entries();
  if (entries.empty())
    throw Error(ErrorKind::usage, "there are no lessons here", "--from DIR names a folder of them");
  s.trace.title = "Are the lessons as they should be?";
  for (const LessonEntry& entry : entries) {
    for (const std::string& language : entry.languages) {
      const LessonCheck found = check_lesson(library, entry, language, s.common.progress != nullptr);
      for (const Problem& problem : found.problems)
        s.trace.say(problem.place.empty() ? problem.text : problem.place + ": " + problem.text);
      s.trace.check(fmt::format("{}{}: {} runs in {:.1f} s, {} claims, {} questions; problems: {}",
                                entry.slug, language == "en" ? "" : " (" + language + ")",
                                found.runs, found.seconds, found.claims, found.questions,
                                found.problems.size()),
                    double(found.problems.size()), 0);
    }
  }
}

}  // namespace attn::app
