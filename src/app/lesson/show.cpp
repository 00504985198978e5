#include "app/lesson/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "app/frame/pager.h"
#include "app/lesson/markdown.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/render/lines.h"
#include "attn/render/plain.h"
#include "attn/render/terminal.h"
#include "attn/render/view.h"
#include "attn/text/shell_words.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

constexpr std::size_t kWidestProse = 90;

struct Piece {
  std::string text;
  Ink ink;
};
/// What stands between two spaces: "`attend`," is two pieces.
struct Word {
  std::vector<Piece> pieces;
  bool line_break = false;  ///< a new line begins with it
  std::size_t width() const {
    std::size_t sum = 0;
    for (const Piece& piece : pieces) sum += display_width(piece.text);
    return sum;
  }
};

Ink ink_of(Span::Style style) {
  return style == Span::Style::code     ? Ink::accent
         : style == Span::Style::normal ? Ink::normal
                                        : Ink::bold;
}

std::vector<Word> words_of(const Spans& spans, bool color) {
  std::vector<Word> out(1);
  for (const Span& span : spans) {
    const bool marked = span.style == Span::Style::code && !color;
    const std::string text = marked ? "`" + span.text + "`" : span.text;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
      if (end > at)
        out.back().pieces.push_back({safe_text(text.substr(at, end - at)), ink_of(span.style)});
      if (end == text.size()) break;
      if (text[end] == '\n') {
        out.emplace_back().line_break = true;
      } else if (!out.back().pieces.empty()) {
        out.emplace_back();
      }
      at = end + 1;
    }
  }
  return out;
}

class ProsePage {
 public:
  explicit ProsePage(const RenderOptions& options)
      : options_(options), page_(options), width_(std::min(page_.width(), kWidestProse)) {}

  void put(const Paragraph& p) {
    using Kind = Paragraph::Kind;
    const bool with_last = p.kind == Kind::item && last_ == Kind::item;
    if (!with_last) page_.blank();
    last_ = p.kind;
    switch (p.kind) {
      case Kind::heading:
        heading(p);
        break;
      case Kind::item: {
        const std::size_t indent = 2 * static_cast<std::size_t>(p.level) + 2;
        const std::string mark = p.mark.empty() ? "" : p.mark + " ";
        lines(p.spans, indent + display_width(mark), mark);
        break;
      }
      case Kind::quote:
        lines(p.spans, 4, "");
        break;
      case Kind::code:
        page_.verbatim(safe_text(plain_text(p.spans, false)));
        break;
      case Kind::rule:
        break;
      case Kind::table:
        table(p);
        break;
      case Kind::text:
        lines(p.spans, 0, "");
    }
  }
  std::string take() { return page_.take(); }

 private:
  void heading(const Paragraph& p) {
    for (const std::string& line : wrap(safe_text(plain_text(p.spans, !options_.color)), width_))
      page_.put(Line().add(line, Ink::bold));
  }

  void lines(const Spans& spans, std::size_t indent, const std::string& mark) {
    indent = std::min(indent, width_ / 2);
    Line line;
    const auto begin = [&](const std::string& first) {
      line = Line();
      line.space(indent - std::min(indent, display_width(first))).add(first);
      line.to_column(indent);
    };
    begin(mark);
    bool empty = true;
    for (const Word& word : words_of(spans, options_.color)) {
      const std::size_t width = word.width();
      if (!empty && (word.line_break || line.width() + 1 + width > width_)) {
        page_.put(line);
        begin("");
        empty = true;
      }
      if (width == 0) continue;
      if (!empty) line.space(1);
      for (const Piece& piece : word.pieces) {
        // A word wider than the window is broken inside.
        for (const std::string& part : wrap(piece.text, width_ - indent)) {
          if (line.width() + display_width(part) > width_) {
            page_.put(line);
            begin("");
          }
          line.add(part, piece.ink);
        }
      }
      empty = false;
    }
    page_.put(line);
  }

  /// As a table of a trace.
  void table(const Paragraph& p) {
    Table table;
    for (const Spans& title : p.rows.empty() ? std::vector<Spans>{} : p.rows[0])
      table.columns.push_back(plain_text(title, false));
    for (std::size_t i = 1; i < p.rows.size(); ++i) {
      table.rows.emplace_back();
      for (const Spans& cell : p.rows[i]) table.rows.back().emplace_back(plain_text(cell, false));
    }
    if (!options_.plain) return put_table(page_, table);
    for (const auto& row : table.rows) {
      std::string text;
      for (std::size_t j = 0; j < row.size() && j < table.columns.size(); ++j)
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", table.columns[j],
                            std::get<std::string>(row[j]));
      page_.paragraph(safe_text(text), 0);
    }
  }

  RenderOptions options_;
  Page page_;
  std::size_t width_;
  Paragraph::Kind last_ = Paragraph::Kind::rule;
};

/// A lesson is at most as wide as linear text, if it is linear.
RenderOptions narrowed(RenderOptions options) {
  if (options.plain) {
    options.width = std::min<std::size_t>(options.width, 80);
    options.color = false;
  }
  return options;
}

}  // namespace

std::string show_markdown(std::string_view markdown, const RenderOptions& options) {
  ProsePage page(narrowed(options));
  for (const Paragraph& p : parse_markdown(markdown)) page.put(p);
  return page.take();
}

std::string show_text(const std::string& text, const RenderOptions& options) {
  Trace trace;
  trace.add(Verbatim{text});
  return options.plain ? plain(trace, options) : terminal(trace, options);
}

namespace {

/// Where the program's own checks hold, a line counts them: what a lesson claims stands below, as
/// claims. One that fails stays as it is.
void count_checks(Trace& trace) {
  const auto holds = [](const Item& item) {
    const auto* check = std::get_if<Check>(&item);
    return check && check->holds();
  };
  const auto held = std::erase_if(trace.items, holds);
  if (held > 0) trace.say(held == 1 ? "1 check holds." : fmt::format("{} checks hold.", held));
}

}  // namespace

Trace without_times(const Trace& trace) {
  Trace out = trace;
  for (Item& item : out.items) {
    if (auto* step = std::get_if<Step>(&item)) step->milliseconds = step->spread = step->flops = 0;
  }
  return out;
}

RenderOptions options_for(const LessonRun& run, RenderOptions options) {
  options.show = run.common.show;
  options.quiet = run.common.quiet;
  options.precision = static_cast<int>(run.common.precision);
  options.column_convention = run.common.convention == "column";
  return options;
}

std::string show_run(const LessonRun& run, const RenderOptions& given) {
  const RenderOptions options = options_for(run, narrowed(given));
  Page page(narrowed(given));
  for (const std::string& line : wrap("$ attn " + safe_text(shell_line(run.words)), page.width()))
    page.put(Line().add(line, Ink::accent));
  Trace trace = without_times(run.trace);
  count_checks(trace);
  return page.take() + "\n" + (options.plain ? plain(trace, options) : terminal(trace, options));
}

std::string show_beside(const LessonRun* left, const LessonRun& right,
                        const RenderOptions& options) {
  constexpr std::size_t kGap = 3, kNarrowest = 70;
  if (!left) return show_run(right, options);
  if (options.plain || options.width < kNarrowest)
    return show_run(*left, options) + "\n" + show_run(right, options);
  RenderOptions half = options;
  half.width = (options.width - kGap) / 2;
  std::istringstream first(show_run(*left, half)), second(show_run(right, half));
  std::string out;
  for (std::string a, b;;) {
    const bool more_left = static_cast<bool>(std::getline(first, a));
    const bool more_right = static_cast<bool>(std::getline(second, b));
    if (!more_left && !more_right) return out;
    const std::size_t width = width_without_colors(a);
    out += a;
    if (!b.empty()) out += std::string(half.width + kGap - std::min(width, half.width), ' ') + b;
    out += "\n";
    a.clear();
    b.clear();
  }
}

ClaimState state_of(const CheckBlock::Row& row, const Traces& traces) {
  try {
    const Finding finding = test(row.claim, traces);
    return {finding.holds ? ClaimState::Kind::holds : ClaimState::Kind::fails, finding.found};
  } catch (const Error& e) {
    return {ClaimState::Kind::not_there, e.what()};
  }
}

std::string show_claims(const CheckBlock& checks, const Traces& traces,
                        const RenderOptions& given) {
  const RenderOptions options = narrowed(given);
  const bool signs = options.unicode && !options.plain;
  Page page(options);
  for (const CheckBlock::Row& row : checks.rows) {
    const ClaimState state = state_of(row, traces);
    using Kind = ClaimState::Kind;
    std::string text = safe_text(row.shown);
    if (state.kind != Kind::holds) text += fmt::format(" ({})", state.found);
    const std::string sign = state.kind == Kind::holds   ? (signs ? "✓ holds  " : "holds  ")
                             : state.kind == Kind::fails ? (signs ? "✗ FAILS  " : "FAILS  ")
                                                         : "-        ";
    const Ink ink = state.kind == Kind::holds   ? Ink::good
                    : state.kind == Kind::fails ? Ink::bad
                                                : Ink::dim;
    const std::size_t indent = display_width(sign);
    bool first = true;
    for (const std::string& line : wrap(text, page.width() - std::min(indent, page.width() / 2))) {
      Line out;
      if (first) out.add(sign, ink);
      first = false;
      page.put(out.to_column(indent).add(line));
    }
  }
  return page.take();
}

namespace {

/// The text of all paragraphs as one.
Spans spans_of(const std::string& text) {
  Spans out;
  for (const Paragraph& p : parse_markdown(text)) {
    if (!out.empty()) out.push_back({" ", Span::Style::normal});
    out.insert(out.end(), p.spans.begin(), p.spans.end());
  }
  return out;
}

Paragraph labelled(const std::string& label, const std::string& text) {
  Paragraph p;
  if (!label.empty()) p.spans.push_back({label + " ", Span::Style::strong});
  const Spans rest = spans_of(text);
  p.spans.insert(p.spans.end(), rest.begin(), rest.end());
  return p;
}

}  // namespace

std::string show_line(const std::string& label, const std::string& text,
                      const RenderOptions& options) {
  ProsePage page(narrowed(options));
  page.put(labelled(label, text));
  return page.take();
}

std::string show_question(const Question& q, const RenderOptions& options) {
  ProsePage page(narrowed(options));
  page.put(labelled("Question.", q.text));
  for (std::size_t i = 0; i < q.choices.size(); ++i) {
    Paragraph choice = labelled("", q.choices[i].text);
    choice.kind = Paragraph::Kind::item;
    choice.mark = fmt::format("{}.", i + 1);
    page.put(choice);
  }
  return page.take();
}

std::string show_answer(const Question& q, const Answer& answer, const RenderOptions& options) {
  return show_line("Answer:", answer.text, options) + show_line("", q.why, options);
}

std::string show_title(const std::string& number, const Lesson& lesson,
                       const RenderOptions& options) {
  Page page(narrowed(options));
  const std::string minutes = how_many(lesson.minutes, "minute");
  Line line;
  line.add(fmt::format("Lesson {}", number), Ink::accent).space(2);
  const std::string title = safe_text(lesson.title);
  if (line.width() + display_width(title) + 3 + minutes.size() <= page.width()) {
    page.put(line.add(title, Ink::bold).space(3).add(minutes, Ink::dim));
  } else {
    page.put(line);
    page.paragraph(title, 0, Ink::bold);
    page.paragraph(minutes, 0, Ink::dim);
  }
  return page.take();
}

}  // namespace attn::app
