// terms: the words of the field, where they are found here, and what notes get wrong.
#include "app/frame/terms.h"

#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/frame/data.h"
#include "app/lesson/markdown.h"
#include "app/lesson/place.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

struct TermsOptions {
  LessonPlace place;
  std::vector<std::string> words;
  bool notes = false;
};

void bind(Cli& cli, TermsOptions& o) {
  cli.flag("--notes", o.notes, "what published notes get wrong, and the command that shows it");
  bind_from(cli, o.place);
  cli.positional("WORD", o.words, "a term, in English or Chinese, or a part of one");
}

/// docs/notes.md: a heading is what the notes say; below it what is right, and commands.
void show_notes(Trace& trace) {
  trace.title = "What your notes may say";
  Table table{"notes", "", {"the notes say", "right", "commands"}, {}, true};
  for (const Paragraph& p : parse_markdown(data_file("docs/notes.md"))) {
    std::string text = plain_text(p.spans, false);
    if (p.kind == Paragraph::Kind::heading && p.level == 2) {
      table.rows.push_back({text, std::string(), std::string()});
      trace.say(fmt::format("{}. {}", table.rows.size(), text));
    } else if (table.rows.empty()) {
      continue;  // about the page itself
    } else if (p.kind == Paragraph::Kind::code) {
      table.rows.back()[2] = text;
      trace.add(Verbatim{text});
    } else {
      table.rows.back()[1] = text;
      trace.say(text);
    }
  }
  trace.add(std::move(table));
}

/// The titles and headings of all lessons that hold the words.
Table headings_with(const Library& library, const std::string& words) {
  const std::string wanted = lower(words);
  Table table{"headings", "", {"lesson", "heading"}, {}};
  for (const LessonEntry& entry : library.entries()) {
    const std::string text = library.text(entry);
    for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
      end = std::min(text.find('\n', at), text.size());
      for (const std::string_view mark : {"title: ", "## "}) {
        const std::string line = text.substr(at, end - at);
        if (line.starts_with(mark) && lower(line).find(wanted) != std::string::npos)
          table.rows.push_back({entry.number(), line.substr(mark.size())});
      }
    }
  }
  return table;
}

void show_all(Trace& trace) {
  trace.title = "Terms of the field, and where they are found here";
  Table shown{"list", "", {"term", "Chinese", "lesson", "what it is"}, {}};
  std::vector<const Term*> all;
  for (const Term& term : terms()) {
    all.push_back(&term);
    shown.rows.push_back({term.english, term.chinese, term.lesson, term.meaning});
  }
  trace.add(std::move(shown));
  trace.say("attn terms WORD: other names of a term, and the command that shows it.");
  add_terms(trace, all);
}

void terms_command(Stage& s, const TermsOptions& o) {
  if (o.notes && !o.words.empty())
    throw Error(ErrorKind::usage, "--notes together with a word", "leave one of the two out");
  if (o.notes) return show_notes(s.trace);
  if (o.words.empty()) return show_all(s.trace);
  const std::string word = joined(o.words, " ");
  require_utf8(word, "the word");
  s.trace.title = fmt::format("Terms with \"{}\"", escaped(word));
  const std::vector<const Term*> found = terms_with(word);
  for (const Term* term : found) s.trace.add(Verbatim{described(*term)});
  add_terms(s.trace, found);
  Table headings = headings_with(Library(o.place.from), word);
  const bool any = !found.empty() || !headings.rows.empty();
  if (!headings.rows.empty()) s.trace.add(std::move(headings));
  if (any) return;
  const Term* near = nearest_term(word);
  s.trace.say(near ? fmt::format("No term is called so. Nearly: {} (lesson {}).", near->english,
                                 near->lesson)
                   : "No term is called so. attn lesson search looks for it in the lessons' text.");
}

}  // namespace

Command terms_command() {
  return {.name = "terms",
          .kind = CommandKind::course,
          .summary = "the words of the field: lesson and command for each",
          .example = "terms query",
          .setup = with_options<TermsOptions>(bind, terms_command)};
}

}  // namespace attn::app
