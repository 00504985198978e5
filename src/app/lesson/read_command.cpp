// lesson: reads a lesson, with its questions or from start to end.

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "app/frame/command.h"
#include "app/frame/console.h"
#include "app/frame/interrupt.h"
#include "app/frame/pager.h"
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
#include "attn/core/how_many.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

/// With questions; what was answered is kept. True if the learner came to the end.
bool read_with_learner(Reading& reading, const LessonEntry& entry, Console& console,
                       std::optional<std::size_t> first) {
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
  return hold_session(reading, entry.number(), console, record, save, first);
}

/// The first lesson behind this one that is not read yet, or null.
const LessonEntry* lesson_behind(const Library& library, const LessonEntry& entry) {
  const ProgressBook book = ProgressFile().load();
  bool behind = false;
  for (const LessonEntry& other : library.entries()) {
    if (behind && !book.record(other.slug).finished) return &other;
    behind = behind || other.slug == entry.slug;
  }
  return nullptr;
}

/// True if the learner wants to go on with the next lesson now.
bool goes_on(Console& console, const LessonEntry& next, const Lesson& lesson) {
  console.write(fmt::format("\nEnter begins lesson {}, {} ({}); q ends > ", next.number(),
                            lesson.title, how_many(lesson.minutes, "minute")));
  const auto line = console.read_line();
  if (!line) console.write("\n");
  return line && line->empty();
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
  std::int64_t screen = 0;  ///< 0: where it was left
};

void bind(Cli& cli, LessonOptions& o) {
  bind_from(cli, o.place);
  bind_language(cli, o.place);
  cli.flag("--no-quiz", o.no_quiz, "print it from start to end, with the answers");
  cli.integer("--screen", o.screen, 0, 10'000, "begin at this screen; 0: where you stopped");
  bind_lessons(cli, o.words, "its number: 05; without one, what is next");
}

void lesson(Stage& s, const LessonOptions& o);

/// Thrown where the reader leaves in the middle of a page.
struct Left {};

/// --screen, counted from 0. Throws Error(usage) if the lesson has no such screen.
std::optional<std::size_t> first_screen(const LessonOptions& o, const Lesson& lesson,
                                        const LessonEntry& entry) {
  if (o.screen == 0) return {};
  const std::size_t screens = screens_of(lesson).size();
  const auto screen = static_cast<std::size_t>(o.screen);
  if (screen > screens)
    throw Error(
        ErrorKind::usage,
        fmt::format("--screen {}: lesson {} has {} screens", o.screen, entry.number(), screens),
        fmt::format("a number from 1 to {}", screens));
  return screen - 1;
}

/// At the end of a lesson: the next one at the press of a key.
void offer_next(Stage& s, const LessonOptions& o, const Library& library, const LessonEntry& read) {
  const LessonEntry* next = lesson_behind(library, read);
  if (!next) return s.common.console->write("\nWhat is next: attn lesson\n");
  const Lesson about = load_lesson(library, *next, language_for(*next, o.place.language));
  if (!goes_on(*s.common.console, *next, about)) return;
  LessonOptions further = o;
  further.words = {next->slug};
  further.screen = 0;
  lesson(s, further);
}

void lesson(Stage& s, const LessonOptions& o) {
  const Library library(o.place.from);
  if (o.words.empty()) return lesson_next(s, library, o.place.language);
  if (o.words.size() > 1)
    throw Error(ErrorKind::usage, "one lesson at a time", "attn lesson list shows them");
  const LessonEntry& entry = library.find(o.words[0]);
  const std::string language = language_for(entry, o.place.language);
  check_page_outputs(s.common);
  if (o.screen > 0 && (s.common.json || !s.common.outputs.empty()))
    throw Error(ErrorKind::usage, "--screen is for reading; a document holds the whole lesson",
                "leave out --screen");
  Console* console = s.common.console;
  const bool asks = console && console->answers() && !o.no_quiz && !s.common.plain &&
                    !s.common.quiet && !s.common.json && s.common.outputs.empty();
  const Reading::Watch progress = [] { return std::make_unique<StandardProgress>(); };
  Reading::Watch watch, watch_change;
  if (asks) watch = [] { return std::make_unique<Waiting>(); };
  if (asks) watch_change = progress;
  if (console && !asks) watch = progress;
  Reading reading(load_lesson(library, entry, language), watch, watch_change);
  const std::optional<std::size_t> first = first_screen(o, reading.lesson(), entry);
  std::string collected;
  RenderOptions options;
  options.plain = true;
  if (console) options = console->options();
  // Where somebody reads it on a screen, page by page.
  const bool in_pages = console && console->answers() && !s.common.no_pager && !s.common.plain;
  std::optional<Pager> pager;
  if (in_pages) pager.emplace(*console);
  const auto write = [&](std::string_view text) {
    if (pager) {
      if (!pager->write(text)) throw Left{};
    } else if (console) {
      console->write(text);
    } else {
      collected += text;
    }
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
  try {
    if (language != o.place.language)
      write(show_line("Note:",
                      fmt::format("lesson {} is not written in \"{}\" yet; here it is in English.",
                                  entry.number(), escaped(o.place.language)),
                      options) +
            "\n");
    if (asks) {
      const bool to_the_end = read_with_learner(reading, entry, *console, first);
      if (to_the_end) offer_next(s, o, library, entry);
      return;
    }
    print_lesson(reading, entry.number(), options, write, first.value_or(0));
  } catch (const Left&) {
    s.trace.interrupted = InterruptWatch::came();
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
