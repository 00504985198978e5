// lesson: reads a lesson, with its questions or from start to end. lesson check: tests one.
#include "app/lesson/commands.h"
#include "app/frame/interrupt.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/frame/console.h"
#include "app/frame/progress.h"
#include "app/frame/waiting.h"
#include "app/lesson/check.h"
#include "app/lesson/page.h"
#include "app/lesson/print.h"
#include "app/lesson/progress_file.h"
#include "app/lesson/session.h"
#include "app/lesson/show.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

void bind_from(Cli& cli, LessonPlace& place) {
  cli.text("--from", place.from, "DIR", "lessons of a folder in place of the program's own");
}
void bind_language(Cli& cli, LessonPlace& place) {
  cli.text("--lang", place.language, "LANG", "in this language, where a lesson is written in it");
}

std::string language_for(const LessonEntry& entry, const std::string& asked) {
  return entry.has(asked) ? asked : "en";
}

Lesson load_lesson(const Library& library, const LessonEntry& entry, const std::string& language) {
  return parse_lesson(library.text(entry, language), library.source(entry, language));
}

void bind(Cli& cli, LessonOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
  cli.flag("--no-quiz", o.no_quiz, "print it from start to end, with the answers");
  cli.positional("LESSON", o.words, "its number: 05; without one, what is next");
}

namespace {

/// With questions; what was answered is kept.
void read_with_learner(Reading& reading, const LessonEntry& entry, Console& console) {
  const ProgressFile file;
  const auto say = [&](const std::string& text) {
    if (!text.empty()) console.write(show_line("Note:", text, console.options()) + "\n");
  };
  std::string warning;
  LessonRecord record = file.load(&warning).record(entry.slug);
  say(warning);
  std::string said = warning;
  const auto save = [&](const LessonRecord& now) {
    const std::string trouble = file.update([&](ProgressBook& book) {
                                      book.set(entry.slug, merged(book.record(entry.slug), now));
                                    })
                                    .note;
    if (trouble != said) say(trouble);  // once
    said = trouble.empty() ? said : trouble;
  };
  hold_session(reading, entry.number(), console, record, save);
}

/// --out: one page. Throws Error(usage) for anything else, before the lesson is run.
void check_page_outputs(const Common& common) {
  for (const std::string& output : common.outputs) {
    if (std::filesystem::path(output).extension() != ".html")
      throw Error(ErrorKind::usage,
                  fmt::format("--out {}: a lesson is written as a page", escaped(output, 200)),
                  "the name must end in .html");
  }
}

}  // namespace

void lesson(Stage& s, const LessonOptions& o) {
  const Library library(o.place.from);
  if (o.words.empty()) return lesson_next(s, library, o.place.language);
  if (o.words.size() > 1)
    throw Error(ErrorKind::usage, "one lesson at a time", "attn lesson list shows them");
  const LessonEntry& entry = library.find(o.words[0]);
  const std::string language = language_for(entry, o.place.language);
  check_page_outputs(s.common);
  Console* console = s.common.console;
  const bool asks = console && console->answers() && !o.no_quiz && !s.common.plain &&
                    !s.common.quiet && !s.common.json && s.common.outputs.empty();
  Reading::Watch watch;
  if (asks) watch = [] { return std::make_unique<Waiting>(); };
  if (console && !asks) watch = [] { return std::make_unique<StandardProgress>(); };
  Reading reading(load_lesson(library, entry, language), watch);
  std::string collected;
  RenderOptions options;
  options.plain = true;
  if (console) options = console->options();
  const auto write = [&](std::string_view text) {
    if (console) return console->write(text);
    collected += text;
  };
  if (s.common.json || !s.common.outputs.empty()) {
    try {
      if (s.common.json) s.trace.document = lesson_document(reading, entry.slug, language);
      for (const std::string& output : s.common.outputs)
        write_file(output, lesson_page(reading, entry.number(), language));
    } catch (const Interrupted&) {
      s.trace.interrupted = true;
    }
    return;
  }
  if (language != o.place.language)
    write(show_line("Note:",
                    fmt::format("lesson {} is not written in \"{}\" yet; here it is in English.",
                                entry.number(), escaped(o.place.language)),
                    options) +
          "\n");
  if (asks) return read_with_learner(reading, entry, *console);
  try {
    print_lesson(reading, entry.number(), options, write);
  } catch (const Interrupted&) {
    s.trace.interrupted = true;
  }
  if (!console) s.trace.add(Verbatim{std::move(collected)});
}

void bind(Cli& cli, LessonCheckOptions& o) {
  bind_from(cli, o.place);
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
  Table table{"lessons",
              "",
              {"lesson", "language", "runs", "seconds", "claims", "questions", "problems"},
              {}};
  double problems = 0;
  for (const LessonEntry& entry : entries) {
    for (const std::string& language : entry.languages) {
      LessonCheck found;
      try {
        found = check_lesson(library, entry, language, s.common.progress != nullptr);
      } catch (const Interrupted&) {
        s.trace.interrupted = true;
        return;
      }
      for (const Problem& problem : found.problems)
        s.trace.say(problem.place.empty() ? problem.text : problem.place + ": " + problem.text);
      table.rows.push_back({entry.slug, language, double(found.runs), found.seconds,
                            double(found.claims), double(found.questions),
                            double(found.problems.size())});
      problems += double(found.problems.size());
    }
  }
  s.trace.add(std::move(table));
  s.trace.check("every lesson here is as it should be", problems, 0);
}

}  // namespace attn::app
