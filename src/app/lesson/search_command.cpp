// lesson search: lines of the lessons that hold a word.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/frame/terms.h"
#include "app/lesson/place.h"
#include "app/lesson/session.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

constexpr std::size_t kMostFound = 50, kMostTerms = 3, kShownText = 60, kBefore = 25;

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

}  // namespace

Command lesson_search_command() {
  return {.name = "lesson search",
          .kind = CommandKind::course,
          .summary = "lines of the lessons that hold a word",
          .example = "lesson search softmax",
          .setup = with_options<LessonSearchOptions>(bind, lesson_search)};
}

}  // namespace attn::app
