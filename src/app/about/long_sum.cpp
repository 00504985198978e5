#include "app/about/long_sum.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace attn::app {

namespace {

constexpr std::size_t kLongSum = 8, kLargest = 5;

/// A character of the text, or a number.
struct Token {
  char letter = 0;
  const NumberRef* number = nullptr;
};
using Tokens = std::vector<Token>;

Tokens tokens_of(const ShortSum::Arithmetic& arithmetic) {
  Tokens out;
  for (const auto& piece : arithmetic) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      for (const char c : *text) out.push_back({c});
    } else {
      out.push_back({0, &std::get<NumberRef>(piece)});
    }
  }
  return out;
}

struct Range {
  std::size_t begin, end;
};

ShortSum::Arithmetic pieces_of(const Tokens& tokens, Range range) {
  ShortSum::Arithmetic out;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (tokens[i].number) {
      out.emplace_back(*tokens[i].number);
    } else {
      if (out.empty() || !std::holds_alternative<std::string>(out.back()))
        out.emplace_back(std::string());
      std::get<std::string>(out.back()) += tokens[i].letter;
    }
  }
  return out;
}

/// The value of a term: a parser by recursive descent.
class Evaluation {
 public:
  Evaluation(const Tokens& tokens, Range range) : tokens_(tokens), range_(range) {}

  std::optional<double> value() {
    const double result = sum();
    return understood_ && range_.begin == range_.end ? std::optional(result) : std::nullopt;
  }

 private:
  bool take(std::string_view text) {
    if (range_.begin + text.size() > range_.end) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (tokens_[range_.begin + i].letter != text[i]) return false;
    }
    range_.begin += text.size();
    return true;
  }
  double sum() {
    double result = product();
    for (;;) {
      if (take(" + ")) {
        result += product();
      } else if (take(" - ")) {
        result -= product();
      } else {
        return result;
      }
    }
  }
  double product() {
    double result = power();
    for (;;) {
      if (take(" * ")) {
        result *= power();
      } else if (take(" / ")) {
        result /= power();
      } else {
        return result;
      }
    }
  }
  double power() {
    const double result = factor();
    return take("^2") ? result * result : result;
  }
  double factor() {
    if (take("exp(")) return std::exp(in_brackets());
    if (take("tanh(")) return std::tanh(in_brackets());
    if (take("(")) return in_brackets();
    if (range_.begin < range_.end && tokens_[range_.begin].number) {
      const NumberRef& ref = *tokens_[range_.begin++].number;
      return double{ref.tensor.value().data()[ref.index]};
    }
    return written();
  }
  double in_brackets() {
    const double result = sum();
    understood_ = understood_ && take(")");
    return result;
  }
  /// A number that stands there as text.
  double written() {
    std::string text;
    for (std::size_t i = range_.begin; i < range_.end && tokens_[i].letter != 0; ++i)
      text += tokens_[i].letter;
    double result = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), result);
    understood_ = understood_ && problem == std::errc();
    range_.begin += static_cast<std::size_t>(end - text.data());
    return result;
  }

  const Tokens& tokens_;
  Range range_;
  bool understood_ = true;
};

/// The terms of the first sum of more than kLongSum, outer sums before inner ones.
std::vector<Range> long_sum(const Tokens& tokens) {
  std::vector<std::vector<Range>> sums;  // in the order in which they begin
  std::vector<std::size_t> open{0};      // the sums that the place is inside of
  sums.push_back({{0, 0}});
  const auto letters = [&](std::size_t i, std::string_view text) {
    for (std::size_t k = 0; k < text.size(); ++k) {
      if (i + k >= tokens.size() || tokens[i + k].letter != text[k]) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].letter == '(') {
      open.push_back(sums.size());
      sums.push_back({{i + 1, i + 1}});
    } else if (tokens[i].letter == ')' && open.size() > 1) {
      sums[open.back()].back().end = i;
      open.pop_back();
    } else if (letters(i, " + ")) {
      sums[open.back()].back().end = i;
      sums[open.back()].push_back({i + 3, i + 3});
      i += 2;
    }
  }
  for (const std::size_t left : open) sums[left].back().end = tokens.size();
  const auto found = std::find_if(sums.begin(), sums.end(),
                                  [](const auto& terms) { return terms.size() > kLongSum; });
  return found == sums.end() ? std::vector<Range>() : *found;
}

}  // namespace

std::optional<ShortSum> shortened(const ShortSum::Arithmetic& arithmetic) {
  const Tokens tokens = tokens_of(arithmetic);
  const std::vector<Range> terms = long_sum(tokens);
  if (terms.empty()) return {};
  std::vector<std::pair<double, Range>> by_size;
  for (const Range& term : terms) {
    const std::optional<double> value = Evaluation(tokens, term).value();
    if (!value || !std::isfinite(*value)) return {};
    by_size.emplace_back(*value, term);
  }
  std::stable_sort(by_size.begin(), by_size.end(), [](const auto& a, const auto& b) {
    return std::abs(a.first) > std::abs(b.first);
  });
  ShortSum out;
  out.before = pieces_of(tokens, {0, terms.front().begin});
  out.after = pieces_of(tokens, {terms.back().end, tokens.size()});
  out.others = terms.size() - kLargest;
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    if (i >= kLargest) {
      out.rest += by_size[i].first;
      continue;
    }
    if (i > 0) out.largest.emplace_back(std::string(" + "));
    const ShortSum::Arithmetic term = pieces_of(tokens, by_size[i].second);
    out.largest.insert(out.largest.end(), term.begin(), term.end());
  }
  return out;
}

}  // namespace attn::app
