#include "app/lesson/question.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "app/lesson/value.h"
#include "app/misconceptions.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/core/trimmed.h"
#include "attn/render/format.h"
#include "attn/text/utf8.h"

namespace attn::app {

std::string betrayal_text(const Betrayal& betrayal) {
  const Misconception* known = find_misconception(betrayal.misconception);
  if (!known) return betrayal.text;
  return betrayal.text.empty() ? std::string(known->help)
                               : fmt::format("{} {}", betrayal.text, known->help);
}

namespace {

constexpr std::size_t kLongestReply = 1000;

std::vector<double> flat(const Expression& expression, const Traces& traces) {
  const Value value = evaluate(expression, traces);
  require_numbers(value, "an answer");
  return value.numbers;
}

/// Where the largest (or smallest) number stands.
std::size_t extreme_place(const Question& q, const Value& value) {
  require_numbers(value, "a cell");
  if (value.size() == 0) throw Error(ErrorKind::bad_input, "a cell of no numbers");
  const auto& x = value.numbers;
  const auto found =
      q.lowest ? std::min_element(x.begin(), x.end()) : std::max_element(x.begin(), x.end());
  return static_cast<std::size_t>(found - x.begin());
}

std::vector<double> indices(const Shape& shape, std::size_t place) {
  const std::vector<std::size_t> out = coordinates(place, shape);
  return {out.begin(), out.end()};
}

Answer cell_answer(const Question& q, const Traces& traces) {
  const Value value = evaluate(q.value, traces);
  const std::size_t place = extreme_place(q, value);
  Answer out;
  out.value = indices(value.shape, place);
  std::vector<std::string> names;
  bool named = false;
  for (std::size_t axis = 0; axis < out.value.size(); ++axis) {
    const auto i = static_cast<std::size_t>(out.value[axis]);
    const bool label = i < value.labels[axis].size();
    named = named || label;
    names.push_back(label ? '"' + escaped(value.labels[axis][i]) + '"' : std::to_string(i));
  }
  out.text = fmt::format("[{}]", fmt::join(out.value, ", "));
  if (named) out.text += fmt::format(", which is {}", joined(names, ", "));
  out.text += fmt::format(" (the number there is {})", number_text(value.numbers[place], 4));
  return out;
}

Answer choice_answer(const Question& q, const Traces& traces) {
  Answer out;
  std::vector<std::string> holding;
  for (std::size_t i = 0; i < q.choices.size(); ++i) {
    if (!test(q.choices[i].when, traces).holds) continue;
    out = {{static_cast<double>(i + 1)}, fmt::format("{} ({})", q.choices[i].text, i + 1)};
    holding.push_back(std::to_string(i + 1));
  }
  if (holding.size() == 1) return out;
  throw Error(ErrorKind::bad_input,
              holding.empty() ? "no choice holds"
                              : fmt::format("choices {} hold", joined(holding, " and ")),
              "exactly one choice of a question holds");
}

}  // namespace

Answer answer_of(const Question& q, const Traces& traces) {
  if (q.kind == Question::Kind::choice) return choice_answer(q, traces);
  if (q.kind == Question::Kind::cell) return cell_answer(q, traces);
  if (q.kind == Question::Kind::shape) {
    const Value value = measured("shape", evaluate(q.value, traces));
    if (value.size() == 0) throw Error(ErrorKind::bad_input, "a single number has no shape to ask");
    return {value.numbers, fmt::format("{}", fmt::join(value.numbers, " x "))};
  }
  const std::vector<double> value = flat(q.value, traces);
  if (value.size() != 1)
    throw Error(ErrorKind::bad_input, fmt::format("the answer is {} numbers", value.size()),
                "a number question asks for one");
  // What rounding has left of a 0 is 0 where it is not asked for more exactly.
  const double shown = std::abs(value[0]) < 1e-3 * q.within ? 0 : value[0];
  return {value, number_text(shown, 4)};
}

namespace {

/// A reply without space around it and without its full stop.
std::string bare(std::string_view reply) {
  reply = trimmed(reply, " \t\r\n");
  return std::string(reply.substr(0, reply.find_last_not_of(" \t\r\n.") + 1));
}

std::optional<double> number(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (problem != std::errc() || end != word.data() + word.size() || !std::isfinite(value))
    return {};
  return value;
}

/// "6,000" and "6 000" as 6000: groups of three behind one to three digits of which the first is
/// not 0.
std::optional<double> grouped_number(std::string_view word) {
  std::string digits(word.substr(0, word.starts_with('-') || word.starts_with('+') ? 1 : 0));
  word.remove_prefix(digits.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t first = word.find_first_of(", ");
  if (first == std::string_view::npos || first == 0 || first > 3 || word[0] == '0') return {};
  const char separator = word[first];
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool between = i >= first && (i - first) % 4 == 0;
    if (between ? word[i] != separator : !is_digit(word[i])) return {};
    if (!between) digits += word[i];
  }
  return (word.size() - first) % 4 == 0 ? number(digits) : std::nullopt;
}

/// A number with a point or, as many write it, a comma; "1/3" and "25%" too. A count is written
/// without decimals: there "50,3" is two numbers.
std::optional<double> reply_number(std::string word, bool count) {
  if (const auto grouped = grouped_number(word)) return grouped;
  if (count && word.find(',') != std::string::npos) return {};
  if (std::count(word.begin(), word.end(), ',') == 1) word[word.find(',')] = '.';
  if (word.ends_with('%')) {
    const auto percent = number(bare(word.substr(0, word.size() - 1)));
    return percent ? std::optional(*percent / 100) : std::nullopt;
  }
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos) return number(word);
  const auto above = number(bare(word.substr(0, slash)));
  const auto below = number(bare(word.substr(slash + 1)));
  if (!above || !below || *below == 0) return {};
  return *above / *below;
}

/// The parts of "4 x 8", "[4, 8]", "4×8", "it, animal".
std::vector<std::string> parts_of_reply(std::string text, bool shape) {
  for (std::size_t at; (at = text.find("×")) != std::string::npos;) text.replace(at, 2, " ");
  std::vector<std::string> out;
  std::string word;
  const auto close = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (std::string_view("[](), \"\t").find(c) != std::string_view::npos ||
        (shape && (c == 'x' || c == 'X' || c == '*'))) {
      close();
    } else {
      word += c;
    }
  }
  close();
  return out;
}

Verdict unreadable(const Question& q) {
  Verdict out;
  out.readable = false;
  out.said = wanted(q);
  return out;
}

std::optional<std::size_t> chosen(const Question& q, const std::string& reply) {
  if (const auto digit = number(reply)) {
    const double n = *digit;
    if (n >= 1 && n <= static_cast<double>(q.choices.size()) && n == std::trunc(n))
      return static_cast<std::size_t>(n) - 1;
    return {};
  }
  for (std::size_t i = 0; i < q.choices.size(); ++i) {
    if (lower(bare(q.choices[i].text)) == lower(reply)) return i;
  }
  return {};
}

/// The typed places as numbers; labels are looked up axis by axis.
std::optional<std::vector<double>> cell_places(const Value& value,
                                               const std::vector<std::string>& words) {
  if (words.size() != value.shape.size()) return {};
  std::vector<double> out;
  for (std::size_t axis = 0; axis < words.size(); ++axis) {
    const auto& labels = value.labels[axis];
    const auto label = std::find(labels.begin(), labels.end(), lower(words[axis]));
    if (label != labels.end()) {
      out.push_back(static_cast<double>(label - labels.begin()));
    } else if (const auto place = number(words[axis])) {
      out.push_back(*place);
    } else {
      return {};
    }
  }
  return out;
}

std::optional<std::vector<double>> evaluated(const Expression& expression, const Traces& traces) {
  try {
    return flat(expression, traces);
  } catch (const Error&) {
    return {};  // the learner's own sentence may not have what the lesson's has
  }
}

/// A tie has several right cells.
bool right_cell(const Question& q, const Value& value, const std::vector<double>& places) {
  std::vector<std::size_t> at;
  for (std::size_t axis = 0; axis < places.size(); ++axis) {
    const auto n = static_cast<double>(value.shape[axis]);
    const double place = places[axis] < 0 ? places[axis] + n : places[axis];
    if (place < 0 || place >= n || place != std::trunc(place)) return false;
    at.push_back(static_cast<std::size_t>(place));
  }
  return value.numbers[flat_index(at, value.shape)] == value.numbers[extreme_place(q, value)];
}

}  // namespace

std::string wanted(const Question& q) {
  const char* const more = q.kind == Question::Kind::shape    ? " (one length per axis)"
                           : q.kind == Question::Kind::number ? " (one, as in 12 or 0.5)"
                                                              : "";
  return fmt::format("Please write {}{}; or h for a hint, s to be shown.", expected_reply(q), more);
}

Form form_of(const Question& q, std::string_view typed) {
  if (typed.size() > kLongestReply || !valid_utf8(typed)) return Form::bad;
  const std::string reply = bare(typed);
  const auto known = [](bool good) { return good ? Form::good : Form::bad; };
  if (q.kind == Question::Kind::choice) return known(chosen(q, reply).has_value());
  if (q.kind == Question::Kind::number)
    return known(reply_number(reply, q.within == 0).has_value());
  const std::vector<std::string> words = parts_of_reply(reply, q.kind == Question::Kind::shape);
  if (words.empty()) return Form::bad;
  if (q.kind == Question::Kind::cell) return Form::depends_on_run;
  const bool numbers = std::all_of(
      words.begin(), words.end(), [](const std::string& word) { return number(word).has_value(); });
  if (!numbers) return Form::bad;
  return words.size() == 1 ? Form::depends_on_run : Form::good;
}

Verdict judge(const Question& q, const Answer& answer, std::string_view typed,
              const Traces& traces) {
  if (typed.size() > kLongestReply || !valid_utf8(typed)) return unreadable(q);
  const std::string reply = bare(typed);
  Verdict out;
  std::vector<double> given;
  if (q.kind == Question::Kind::choice) {
    const auto choice = chosen(q, reply);
    if (!choice) return unreadable(q);
    out.right = static_cast<double>(*choice + 1) == answer.value[0];
    if (!out.right) out.said = betrayal_text(q.choices[*choice].betrays);
    return out;
  }
  if (q.kind == Question::Kind::number) {
    const auto value = reply_number(reply, q.within == 0);
    if (!value) return unreadable(q);
    given = {*value};
    out.right = same_answer(q, given, answer.value);
  } else if (q.kind == Question::Kind::shape) {
    for (const std::string& word : parts_of_reply(reply, true)) {
      const auto length = number(word);
      if (!length) return unreadable(q);
      given.push_back(*length);
    }
    if (given.empty() || (given.size() == 1 && answer.value.size() > 1)) return unreadable(q);
    // A vector of 128 numbers is often written as a matrix of one row.
    if (answer.value.size() == 1 && given.size() == 2 && given[0] == 1) given.erase(given.begin());
    out.right = given == answer.value;
  } else {
    const Value value = evaluate(q.value, traces);
    const auto places = cell_places(value, parts_of_reply(reply, false));
    if (!places) return unreadable(q);
    given = *places;
    out.right = right_cell(q, value, given);
  }
  for (const Question::Wrong& wrong : q.wrong) {
    if (out.right || !out.said.empty()) break;
    const auto value = evaluated(wrong.value, traces);
    if (value && same_answer(q, given, *value)) out.said = betrayal_text(wrong.betrays);
  }
  return out;
}

bool same_answer(const Question& q, const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!agree(a[i], b[i], std::max(q.within, 1e-9 * std::abs(b[i])))) return false;
  }
  return true;
}

std::vector<std::vector<double>> wrong_values(const Question& q, const Traces& traces) {
  std::vector<std::vector<double>> out;
  for (const Question::Wrong& wrong : q.wrong) out.push_back(flat(wrong.value, traces));
  return out;
}

std::string expected_reply(const Question& q) {
  switch (q.kind) {
    case Question::Kind::choice:
      return fmt::format("1 to {}", q.choices.size());
    case Question::Kind::number:
      return "a number";
    case Question::Kind::shape:
      return "a shape, as in 7 x 2";
    case Question::Kind::cell:
      return "a place: one number (from 0) or word per axis, as in 2, 3";
  }
  return {};
}

}  // namespace attn::app
