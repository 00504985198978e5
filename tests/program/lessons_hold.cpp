// Every lesson that the program carries: its runs work, its claims hold, its questions have
// answers, hints and reasons; and every command of the toolkit appears in some lesson.
#include <doctest/doctest.h>

#include <set>

#include "app/lesson/check.h"
#include "app/lesson/markdown.h"
#include "attn/core/error.h"
#include "attn/text/shell_words.h"

using namespace attn::app;

namespace {

/// The commands that stand in runs, and as `attn ...` in prose.
std::set<std::string> commands_in(const Lesson& lesson) {
  std::set<std::string> out;
  const auto add = [&](const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size() && words[0] == "why"; ++i) {
      if (i > 0) out.insert(words[i]);  // why explains another command
    }
    const auto whole = with_whole_name(words);
    if (!whole.empty()) out.insert(whole[0]);
  };
  for (const LessonBlock& block : lesson.blocks) {
    if (const auto* run = std::get_if<RunBlock>(&block)) add(run->words);
    const auto* prose = std::get_if<ProseBlock>(&block);
    if (!prose) continue;
    for (const Paragraph& p : parse_markdown(prose->markdown)) {
      std::vector<Spans> all{p.spans};
      for (const auto& row : p.rows) all.insert(all.end(), row.begin(), row.end());
      for (const Spans& spans : all) {
        for (const Span& span : spans) {
          if (span.style != Span::Style::code || !span.text.starts_with("attn ")) continue;
          try {
            add(attn::shell_words(span.text.substr(5)));
          } catch (const attn::Error&) {  // a quote inside a longer piece of shell
          }
        }
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("lessons: everything in them holds") {
  const Library library("");
  for (const LessonEntry& entry : library.entries()) {
    for (const std::string& language : entry.languages) {
      const LessonCheck found = check_lesson(library, entry, language, false);
      for (const Problem& problem : found.problems) {
        // How long a run takes says as much about the machine: `attn lesson check` tells it.
        if (!problem.slow) FAIL_CHECK(problem.place, ": ", problem.text);
      }
      CHECK(found.questions >= 2);
    }
  }
}

TEST_CASE("lessons: every command of the toolkit appears in one of them") {
  const Library library("");
  if (library.entries().empty()) return;
  std::set<std::string> seen;
  for (const LessonEntry& entry : library.entries()) {
    const std::set<std::string> here =
        commands_in(parse_lesson(library.text(entry), library.source(entry)));
    seen.insert(here.begin(), here.end());
  }
  for (const Command& command : commands()) {
    INFO(command.name);
    CHECK(seen.count(command.name) == 1);
  }
}
