#include "app/lesson/ask_parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/misconceptions.h"
#include "attn/core/trimmed.h"

namespace attn::app {

void lesson_error(const std::string& source, std::size_t line, const std::string& message,
                  const std::string& hint) {
  throw Error(ErrorKind::bad_input, fmt::format("{}:{}: {}", source, line, message), hint);
}

namespace {

constexpr std::size_t kMostChoices = 5, kHints = 3, kMostWrong = 10;
constexpr std::string_view kForm =
    "an ask block has question, choice with when and betrays (or number, shape, cell with wrong), "
    "three hint, why";

/// "key: value", with the lines that continue it joined on.
struct Entry {
  std::string key, value;
  std::size_t line = 0;
};

std::vector<Entry> entries_of(const std::vector<SourceLine>& lines, const std::string& source) {
  std::vector<Entry> out;
  for (const SourceLine& line : lines) {
    const std::string_view text = trimmed(line.text);
    if (text.empty()) continue;
    if (line.text.starts_with("    ") && !out.empty()) {
      out.back().value.append(out.back().value.empty() ? "" : " ").append(text);
      continue;
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
      lesson_error(source, line.line,
                   fmt::format("expected \"key: value\", found \"{}\"", escaped(text)),
                   "a long line goes on in the next one, indented by four spaces");
    out.push_back({std::string(trimmed(text.substr(0, colon))),
                   std::string(trimmed(text.substr(colon + 1))), line.line});
  }
  return out;
}

/// "scale-missing: You forgot ..." or the text alone.
Betrayal betrayal_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string id = text.substr(0, std::min(colon, text.size()));
  if (!id.empty() && find_misconception(id))
    return {id, colon == std::string::npos ? "" : std::string(trimmed(text.substr(colon + 1)))};
  const bool looks_like_id =
      colon != std::string::npos && id.find('-') != std::string::npos &&
      std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  if (looks_like_id) {
    std::vector<std::string> known;
    for (const Misconception& m : misconceptions()) known.emplace_back(m.id);
    const std::string near = nearest(id, known);
    throw Error(ErrorKind::bad_input, fmt::format("no misconception \"{}\"", escaped(id)),
                near.empty() ? "begin with a capital letter if none is meant"
                             : fmt::format("did you mean {}?", near));
  }
  return {"", text};
}

class Reader {
 public:
  Reader(const std::string& source, std::size_t line) : source_(source) { q_.line = line; }

  void read(const Entry& e) {
    if (e.value.empty())
      lesson_error(source_, e.line, fmt::format("nothing after \"{}:\"", escaped(e.key)));
    read_at(source_, e.line, [&] { take(e); });
  }

  Question finish() {
    const auto need = [&](bool there, std::string_view what) {
      if (!there)
        lesson_error(source_, q_.line, fmt::format("the question has no {}", what),
                     std::string(kForm));
    };
    need(!q_.text.empty(), "\"question:\"");
    need(kinds_ > 0, "\"choice:\", \"number:\", \"shape:\" or \"cell:\"");
    if (q_.kind == Question::Kind::choice) {
      need(q_.choices.size() >= 2, "second choice");
      for (const auto& choice : q_.choices) {
        if (choice.when.parts.empty())
          lesson_error(source_, choice.line, "this choice has no \"when:\"", std::string(kForm));
        if (choice.betrays.text.empty() && choice.betrays.misconception.empty())
          lesson_error(source_, choice.line, "this choice has no \"betrays:\"", std::string(kForm));
      }
    } else {
      need(!q_.wrong.empty(), "\"wrong: EXPRESSION | what it betrays\"");
    }
    if (q_.hints.size() != kHints)
      lesson_error(source_, q_.line,
                   fmt::format("the question has {} hints, not three", q_.hints.size()),
                   "three, in rising strength; the third gives the way, not the answer");
    need(!q_.why.empty(), "\"why:\"");
    return std::move(q_);
  }

 private:
  void take(const Entry& e) {
    using Kind = Question::Kind;
    if (e.key == "question") {
      once(q_.text, e);
    } else if (e.key == "why") {
      once(q_.why, e);
    } else if (e.key == "hint") {
      q_.hints.push_back(e.value);
    } else if (e.key == "choice") {
      set_kind(Kind::choice, q_.choices.empty());
      if (q_.choices.size() == kMostChoices) bad("more than five choices");
      q_.choices.push_back({e.value, {}, {}, e.line});
    } else if (e.key == "when" && !q_.choices.empty()) {
      q_.choices.back().when = parse_claim(e.value);
    } else if (e.key == "betrays" && !q_.choices.empty()) {
      q_.choices.back().betrays = betrayal_of(e.value);
    } else if (e.key == "number" || e.key == "shape") {
      set_kind(e.key == "number" ? Kind::number : Kind::shape, true);
      q_.value = parse_expression(e.value);
    } else if (e.key == "cell") {
      set_kind(Kind::cell, true);
      take_cell(e.value);
    } else if (e.key == "within") {
      take_within(e.value);
    } else if (e.key == "wrong") {
      take_wrong(e);
    } else {
      bad(fmt::format("\"{}\" has no place here", escaped(e.key)));
    }
  }

  [[noreturn]] static void bad(const std::string& message) {
    throw Error(ErrorKind::bad_input, message, std::string(kForm));
  }
  static void once(std::string& target, const Entry& e) {
    if (!target.empty()) bad(fmt::format("\"{}\" stands here twice", e.key));
    target = e.value;
  }
  void set_kind(Question::Kind kind, bool fresh) {
    if (fresh && ++kinds_ > 1) bad("one question asks for one thing");
    q_.kind = kind;
  }
  void take_cell(const std::string& value) {
    const std::size_t space = value.find_last_of(' ');
    const std::string word = space == std::string::npos ? "" : value.substr(space + 1);
    if (word != "argmax" && word != "argmin")
      bad("a cell is asked as \"cell: STEP argmax\" or argmin");
    q_.lowest = word == "argmin";
    q_.value = parse_expression(value.substr(0, space));
  }
  void take_within(const std::string& value) {
    const auto [end, problem] =
        std::from_chars(value.data(), value.data() + value.size(), q_.within);
    if (problem != std::errc() || end != value.data() + value.size() || !(q_.within >= 0) ||
        !std::isfinite(q_.within))
      bad("\"within:\" needs a number from 0 up");
  }
  void take_wrong(const Entry& e) {
    const std::size_t bar = e.value.find('|');
    if (bar == std::string::npos) bad("\"wrong:\" is an expression, |, and what it betrays");
    if (q_.wrong.size() == kMostWrong) bad("more than ten wrong answers");
    const std::string betrays(trimmed(std::string_view(e.value).substr(bar + 1)));
    if (betrays.empty()) bad("nothing after |: what does this answer betray?");
    q_.wrong.push_back({parse_expression(e.value.substr(0, bar)), betrayal_of(betrays), e.line});
  }

  const std::string& source_;
  Question q_;
  int kinds_ = 0;
};

}  // namespace

Question parse_question(const std::vector<SourceLine>& lines, const std::string& source,
                        std::size_t line) {
  Reader reader(source, line);
  for (const Entry& entry : entries_of(lines, source)) reader.read(entry);
  return reader.finish();
}

}  // namespace attn::app
