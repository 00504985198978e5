// lesson check: runs a lesson's commands and tests its claims.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/frame/progress.h"
#include "app/lesson/check.h"
#include "app/lesson/place.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

struct LessonCheckOptions {
  LessonPlace place;
  std::vector<std::string> words;
};

void bind(Cli& cli, LessonCheckOptions& o) {
  bind_from(cli, o.place);
  bind_lessons(cli, o.words, "numbers of lessons; without one, all");
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

}  // namespace

Command lesson_check_command() {
  return {.name = "lesson check",
          .kind = CommandKind::course,
          .summary = "runs a lesson's commands and tests its claims",
          .example = "lesson check 05",
          .setup = with_options<LessonCheckOptions>(bind, lesson_check)};
}

}  // namespace attn::app
