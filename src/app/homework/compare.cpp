#include "app/homework/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace attn::app::homework {

namespace {

constexpr double kRelative = 2e-6;  // what floats may lose
constexpr double kHidden = -1e4;    // what stands for -inf
constexpr double kSlack = 1e-6;     // of the tolerance: 0.001 as a float is a little more

double unit(int digits) { return std::pow(10.0, -digits); }

/// How far an answer may be away: one unit of the last digit, so that rounding in either direction
/// and in between does no harm. Whole numbers are counts and ids, which nobody rounds.
double allowed(int digits) { return digits == 0 ? 0.01 : unit(digits); }

bool close(real answer, real wanted, double tolerance) {
  if (std::isnan(wanted)) return std::isnan(answer);
  if (std::isinf(wanted)) return wanted < 0 ? answer <= kHidden : answer == wanted;
  return std::abs(double{answer} - double{wanted}) <=
         tolerance * (1 + kSlack) + kRelative * std::abs(double{wanted});
}

bool all_close(const Array& a, const Array& b, double tolerance) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](real x, real y) { return close(x, y, tolerance); });
}

/// Without axes of length 1.
Shape squeezed(const Shape& shape) {
  Shape out;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(out),
               [](std::size_t n) { return n != 1; });
  return out;
}

/// All leading axes in one.
Shape flat(const Shape& shape) {
  if (shape.size() < 3) return shape;
  return {count(shape) / std::max<std::size_t>(shape.back(), 1), shape.back()};
}

using Rows = std::vector<std::vector<real>>;

Rows rows_of(const Array& a) {
  Rows out;
  for (std::size_t i = 0; i < rows(a); ++i) out.emplace_back(row(a, i).begin(), row(a, i).end());
  return out;
}

class Table {
 public:
  Table(const Array& answer, const Array& wanted, double tolerance)
      : answer_(rows_of(answer)), wanted_(rows_of(wanted)), tolerance_(tolerance) {}

  bool same(std::size_t i, std::size_t j) const {
    return std::equal(answer_[i].begin(), answer_[i].end(), wanted_[j].begin(), wanted_[j].end(),
                      [&](real x, real y) { return close(x, y, tolerance_); });
  }
  /// `n` rows of the answer from `i` on are those of the wanted ones from `j` on.
  bool same_rows(std::size_t i, std::size_t j, std::size_t n) const {
    for (std::size_t r = 0; r < n; ++r) {
      if (!same(i + r, j + r)) return false;
    }
    return true;
  }
  bool same_in_other_order() const {
    std::vector<bool> used(wanted_.size(), false);
    for (std::size_t i = 0; i < answer_.size(); ++i) {
      std::size_t j = 0;
      while (j < wanted_.size() && (used[j] || !same(i, j))) ++j;
      if (j == wanted_.size()) return false;
      used[j] = true;
    }
    return true;
  }
  /// So many rows stand where they belong that a shift would not explain the others.
  bool mostly_in_place() const {
    std::size_t right = 0;
    for (std::size_t i = 0; i < std::min(n(), found()); ++i) right += same(i, i) ? 1 : 0;
    return 2 * right >= n();
  }
  std::size_t n() const { return wanted_.size(); }
  std::size_t found() const { return answer_.size(); }
  std::size_t width() const { return wanted_.empty() ? 0 : wanted_[0].size(); }

 private:
  Rows answer_, wanted_;
  double tolerance_;
};

std::string shifted_rows(const Table& t) {
  const std::size_t n = t.n();
  if (n == t.found()) {
    if (n < 2) return "";
    // Two rows that are swapped are no shift.
    if (n == 2 && t.same_in_other_order()) return "These are the right rows in another order.";
    if ((n >= 3 || t.width() >= 2) && !t.mostly_in_place()) {
      if (t.same_rows(0, 1, n - 1))
        return "These are the right rows, but one row too early: is the first one missing?";
      if (t.same_rows(1, 0, n - 1))
        return "These are the right rows, but one row too late: what does the first one do there?";
    }
    return t.same_in_other_order() ? "These are the right rows in another order." : "";
  }
  if (t.found() == n + 1) {
    if (t.same_rows(1, 0, n) && t.same_rows(0, 0, n))
      return "There is one row too many; the others are right.";
    if (t.same_rows(1, 0, n))
      return "There is one row too many at the beginning; the others are right.";
    if (t.same_rows(0, 0, n)) return "There is one row too many at the end; the others are right.";
  }
  if (t.found() + 1 == n && n >= 2) {
    if (t.same_rows(0, 1, n - 1) && t.same_rows(0, 0, n - 1))
      return "A row is missing; the others are right.";
    if (t.same_rows(0, 1, n - 1)) return "The first row is missing; the others are right.";
    if (t.same_rows(0, 0, n - 1)) return "The last row is missing; the others are right.";
  }
  return "";
}

/// The same of columns: rows for the one who says it.
std::string as_columns(std::string text) {
  for (std::size_t at = text.find("row"); at != std::string::npos; at = text.find("row", at + 1))
    text.replace(at, 3, "column");
  return text;
}

/// What turns every wanted number into the answer's.
std::string same_change(const Array& answer, const Array& wanted, int digits) {
  const auto each = [&](auto change, double tolerance) {
    bool changes = false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double now = change(double{wanted.data()[i]});
      if (std::isinf(now)) {  // every number is as near to it as another
        if (double{answer.data()[i]} != now) return false;
        continue;
      }
      if (!(std::abs(double{answer.data()[i]} - now) <= tolerance + kRelative * std::abs(now)))
        return false;
      changes |= std::abs(now - double{wanted.data()[i]}) > tolerance;
    }
    return changes;
  };
  if (each([](double x) { return -x; }, allowed(digits))) return "Every number has the wrong sign.";
  for (int d = digits - 1; d >= 0; --d) {
    const auto rounded = [&](double x) { return std::round(x / unit(d)) * unit(d); };
    if (!each(rounded, 1e-6)) continue;
    return fmt::format("This is right to {} digit{} behind the point; the sheet asks for {}.{}", d,
                       d == 1 ? "" : "s", digits,
                       d == 0 ? " Was it written as whole numbers?" : "");
  }
  if (digits > 0 && each([](double x) { return std::trunc(x); }, 1e-6))
    return "The decimals are cut off: was it written as whole numbers (an integer type)?";
  if (each([](double x) { return 100 * x; }, 100 * allowed(digits)))
    return "Every number is 100 times too large: write shares of 1, not per cent.";
  const std::size_t at = static_cast<std::size_t>(
      std::max_element(wanted.begin(), wanted.end(),
                       [](real a, real b) { return std::abs(a) < std::abs(b); }) -
      wanted.begin());
  const double largest = wanted.size() > 2 ? double{wanted.data()[at]} : 0;
  if (largest != 0 && std::isfinite(largest)) {
    const double factor = double{answer.data()[at]} / largest;
    if (std::isfinite(factor) && std::abs(factor) > 1e-3 &&
        each([&](double x) { return factor * x; },
             std::max(1.0, std::abs(factor)) * allowed(digits)))
      return "Every number is the same multiple of the right one.";
  }
  return "";
}

/// Where -inf is asked for stands a number that hides nothing, and all else is right.
std::string not_hidden(const Array& answer, const Array& wanted, double tolerance) {
  std::optional<real> shown;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const real a = answer.data()[i], w = wanted.data()[i];
    const bool hides = std::isinf(w) && w < 0;
    if (hides && std::isfinite(a) && a > kHidden) shown = shown.value_or(a);
    if (hides ? std::isnan(a) || (std::isinf(a) && a > 0) : !close(a, w, tolerance)) return "";
  }
  if (!shown) return "";
  return fmt::format("A score plus {:g} is not hidden: write -inf or -1e9 there.", *shown);
}

}  // namespace

bool fits(const Array& answer, const Array& wanted, int digits) {
  return shape_of(answer) == shape_of(wanted) && all_close(answer, wanted, allowed(digits));
}

std::optional<Array> in_shape(const Array& answer, const Shape& wanted) {
  const Shape shape = shape_of(answer);
  if (shape == wanted) return answer;
  if (count(shape) != count(wanted) || count(wanted) == 0) return std::nullopt;
  if (squeezed(shape) == squeezed(wanted) || squeezed(flat(shape)) == squeezed(flat(wanted)))
    return reshaped(answer, wanted);
  return std::nullopt;
}

std::string misplaced(const Array& answer, const Array& wanted, int digits) {
  const double tolerance = allowed(digits);
  const Shape shape = shape_of(answer), asked = shape_of(wanted);
  if (answer.size() == 0) return "It holds no numbers.";
  const auto fits_transposed = [&](const Array& a) {
    const auto same = in_shape(a, asked);
    return same && all_close(*same, wanted, tolerance);
  };
  if (asked.size() > 1 && shape.size() > 1 &&
      (fits_transposed(transposed(answer)) ||
       (asked.size() > 2 && count(shape) == count(asked) &&
        shape_of(transposed(wanted)).back() == shape.back() &&
        all_close(reshaped(answer, shape_of(transposed(wanted))), transposed(wanted), tolerance))))
    return "These are the right numbers, transposed: rows and columns are swapped.";
  if (answer.size() == wanted.size() && !in_shape(answer, asked) &&
      all_close(reshaped(answer, asked), wanted, tolerance)) {
    return fmt::format(
        "These are the right numbers in the right order, but in the shape {}; {} is asked.",
        to_string(shape), to_string(asked));
  }
  if (answer.size() == wanted.size() && wanted.size() > 2 && asked.size() == 2 &&
      all_close(transposed(reshaped(answer, {asked[1], asked[0]})), wanted, tolerance))
    return "These are the right numbers, written column by column where rows are asked.";
  if (const auto same = in_shape(answer, asked)) {
    if (std::string text = not_hidden(*same, wanted, tolerance); !text.empty()) return text;
  }
  const Array mine = shape.size() == 2 ? answer : reshaped(answer, {rows(answer), columns(answer)});
  const Array key = asked.size() == 2 ? wanted : reshaped(wanted, {rows(wanted), columns(wanted)});
  if (columns(mine) == columns(key)) {
    if (std::string text = shifted_rows(Table(mine, key, tolerance)); !text.empty()) return text;
  }
  if (rows(mine) == rows(key)) {
    const std::string text = shifted_rows(Table(transposed(mine), transposed(key), tolerance));
    if (!text.empty()) return as_columns(text);
  }
  const auto same = in_shape(answer, asked);
  return same ? same_change(*same, wanted, digits) : "";
}

std::string first_difference(const Array& answer, const Array& wanted, int digits,
                             const std::string& name) {
  double largest = 0;
  std::size_t first = answer.size(), number = 0;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const real a = answer.data()[i], w = wanted.data()[i];
    if (close(a, w, allowed(digits))) continue;
    ++number;
    if (first == answer.size()) first = i;
    const double apart = std::abs(double{a} - double{w});
    largest = std::max(largest, std::isfinite(apart) ? apart : 1e9);
  }
  const std::string place = fmt::format("{}", fmt::join(coordinates(first, shape_of(answer)), ","));
  // A power of ten says how large, and does not tell the number.
  const double power = std::floor(std::log10(std::max(largest, 1e-12)));
  const std::string size =
      largest >= 1e6
          ? "more than a million, or endless"
          : fmt::format("between {:g} and {:g}", std::pow(10, power), std::pow(10, power + 1));
  return fmt::format(
      "{} of {} numbers differ, the first at {}[{}] (counted from 0); the largest difference is "
      "{}.",
      number, answer.size(), name, place, size);
}

std::size_t right_numbers(const Array& answer, const Array& wanted, int digits) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < answer.size(); ++i)
    number += close(answer.data()[i], wanted.data()[i], allowed(digits)) ? 1 : 0;
  return number;
}

bool is_constant(const Array& a) {
  return a.size() > 1 &&
         std::all_of(a.begin(), a.end(), [&](real x) { return std::abs(x - a.data()[0]) <= 1e-6; });
}

}  // namespace attn::app::homework
