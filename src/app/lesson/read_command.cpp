// lesson: reads a lesson, with its questions or from start to end.

#include <fmt/format.h>

#include <filesystem>

#include "app/frame/command.h"
#include "app/frame/console.h"
#include "app/frame/interrupt.h"
#include "app/frame/progress.h"
#include "app/frame/waiting.h"
#include "app/lesson/overview.h"
#include "app/lesson/page.h"
#include "app/lesson/place.h"
#include "app/lesson/print.h"
#include "app/lesson/progress_file.h"
#include "app/lesson/session.h"
#include "app/lesson/show.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

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

struct LessonOptions {
  LessonPlace place;
  std::vector<std::string> words;
  bool no_quiz = false;
};

void bind(Cli& cli, LessonOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
  cli.flag("--no-quiz", o.no_quiz, "print it from start to end, with the answers");
  bind_lessons(cli, o.words, "its number: 05; without one, what is next");
}

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

}  // namespace

Command lesson_command() {
  return {.name = "lesson",
          .kind = CommandKind::course,
          .summary = "reads a lesson: it asks before it shows",
          .example = "lesson 05 --no-quiz",
          .setup = with_options<LessonOptions>(bind, lesson),
          .converses = true};
}

}  // namespace attn::app
