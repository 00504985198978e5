#include <algorithm>
#include <cmath>
#include <limits>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(causal_mask)> student_mask("causal_mask");
const Student<decltype(attention)> student("attention");

constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// The mask of n queries in which query i sees m keys: those up to i + reach.
Matrix mask_up_to(std::size_t n, std::size_t m, int reach, bool inverted = false) {
  Matrix mask(n, m);
  for (int i = 0; i < int(n); ++i) {
    for (int j = 0; j < int(m); ++j) {
      if ((j > i + reach) != inverted) mask(std::size_t(i), std::size_t(j)) = kHidden;
    }
  }
  return mask;
}

/// What can go wrong, step by step.
struct Way {
  double scale = 0;  ///< 0: sqrt(d_k)
  enum { added, as_zero, behind, inverted, none } mask = added;
  bool over_queries = false, weights_scaled = false, stable = true;
};

Matrix attention_in(const Way& way, const Matrix& q, const Matrix& k, const Matrix& v,
                    const Matrix& mask) {
  const double scale = way.scale == 0 ? std::sqrt(double(q.columns)) : way.scale;
  Matrix s(q.rows, k.rows), out(q.rows, v.columns);
  for (std::size_t i = 0; i < q.rows; ++i) {
    for (std::size_t j = 0; j < k.rows; ++j) {
      for (std::size_t c = 0; c < q.columns; ++c) s(i, j) += q(i, c) * k(j, c);
      if (!way.weights_scaled) s(i, j) /= scale;
      const bool hidden = (mask(i, j) == kHidden) != (way.mask == Way::inverted);
      if (hidden && way.mask == Way::as_zero) s(i, j) = 0;
      if (hidden && (way.mask == Way::added || way.mask == Way::inverted)) s(i, j) = kHidden;
    }
  }
  for (std::size_t i = 0; i < q.rows; ++i) {
    for (std::size_t j = 0; j < k.rows; ++j) {
      const std::size_t count = way.over_queries ? q.rows : k.rows;
      const auto at = [&](std::size_t a) { return way.over_queries ? s(a, j) : s(i, a); };
      double sum = 0, largest = way.stable ? kHidden : 0;
      for (std::size_t a = 0; way.stable && a < count; ++a) largest = std::max(largest, at(a));
      for (std::size_t a = 0; a < count; ++a) sum += std::exp(at(a) - largest);
      double weight = std::exp(s(i, j) - largest) / sum;
      if (way.mask == Way::behind && mask(i, j) == kHidden) weight = 0;
      if (way.weights_scaled) weight /= scale;
      for (std::size_t c = 0; c < v.columns; ++c) out(i, c) += weight * v(j, c);
    }
  }
  return out;
}

std::vector<Wrong> wrong(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask) {
  std::vector<Wrong> out = {
      {"scale-missing", attention_in({.scale = 1}, q, k, v, mask)},
      {"scale-by-dk", attention_in({.scale = double(q.columns)}, q, k, v, mask)},
      {"scale-after-softmax", attention_in({.weights_scaled = true}, q, k, v, mask)},
      {"softmax-over-queries", attention_in({.over_queries = true}, q, k, v, mask)},
      {"softmax-unstable", attention_in({.stable = false}, q, k, v, mask)},
      {"mask-after-softmax", attention_in({.mask = Way::behind}, q, k, v, mask)},
      {"mask-zero", attention_in({.mask = Way::as_zero}, q, k, v, mask)},
      {"mask-inverted", attention_in({.mask = Way::inverted}, q, k, v, mask)},
      {"the mask is not used", attention_in({.mask = Way::none}, q, k, v, mask)}};
  if (q.rows == k.rows) out.push_back({"query-key-swapped", attention_in({}, k, q, v, mask)});
  if (k.columns == v.columns) out.push_back({"value-is-key", attention_in({}, q, k, k, mask)});
  return out;
}

void check(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask) {
  same(student(q, k, v, mask), own::attend(q, k, v, mask), wrong(q, k, v, mask));
}

}  // namespace

TEST_CASE("one query and two keys, by hand" * points(1)) {
  const Matrix q = {{1, 1, 1, 1}}, k = {{0, 0, 0, 0}, {2 * std::log(3.0), 0, 0, 0}},
               v = {{4, 0}, {0, 8}}, open(1, 2), first_only = {{0, kHidden}};
  same(student(q, k, v, open), Matrix{{1, 6}}, wrong(q, k, v, open));
  same(student(q, k, v, first_only), Matrix{{4, 0}}, wrong(q, k, v, first_only));
}

TEST_CASE("more keys than queries, nothing hidden" * points(2)) {
  check(some_matrix(3, 4, 1), some_matrix(5, 4, 2), some_matrix(5, 2, 3), Matrix(3, 5));
}

TEST_CASE("the causal mask" * points(1)) {
  same(student_mask(4), mask_up_to(4, 4, 0),
       {{"mask-off-by-one", mask_up_to(4, 4, -1)},
        {"mask-off-by-one", mask_up_to(4, 4, 1)},
        {"mask-inverted", mask_up_to(4, 4, 0, true)},
        {"mask-inverted", mask_up_to(4, 4, -1, true)}});
  same(student_mask(1), mask_up_to(1, 1, 0));
}

TEST_CASE("attention with a causal mask" * points(2)) {
  check(some_matrix(5, 3, 4), some_matrix(5, 3, 5), some_matrix(5, 3, 6), mask_up_to(5, 5, 0));
}

TEST_CASE("keys of padding are hidden from everybody" * points(1)) {
  Matrix mask(4, 5);
  for (std::size_t i = 0; i < 4; ++i) mask(i, 3) = mask(i, 4) = kHidden;
  check(some_matrix(4, 2, 7), some_matrix(5, 2, 8), some_matrix(5, 3, 9), mask);
}

TEST_CASE("nothing leaks: what is hidden does not matter" * points(1)) {
  const Matrix q = some_matrix(4, 3, 10), k = some_matrix(4, 3, 11), v = some_matrix(4, 2, 12);
  const Matrix mask = mask_up_to(4, 4, 0);
  Matrix other_k = k, other_v = v;
  for (std::size_t c = 0; c < 3; ++c) other_k(3, c) += 2;
  for (std::size_t c = 0; c < 2; ++c) other_v(3, c) -= 3;
  const Matrix before = student(q, k, v, mask), after = student(q, other_k, other_v, mask);
  claim(before.rows == 4 && before.columns == 2 && after.rows == 4 && after.columns == 2,
        "the result has not 4 rows and 2 columns");
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t c = 0; c < 2; ++c)
      claim(std::abs(before(i, c) - after(i, c)) < 1e-9,
            "the last key changed, and row " + std::to_string(i) +
                " of the result moved: it looks at what it may not see");
  }
  claim(std::abs(before(3, 0) - after(3, 0)) > 1e-9,
        "the last key changed, and the last row of the result did not: it must see itself");
}

TEST_CASE("large scores do not overflow" * points(1)) {
  const Matrix q = {{3000, 0}, {0, -3000}}, k = {{1, 0}, {0, 1}, {0.5, 0.5}};
  check(q, k, some_matrix(3, 2, 13), Matrix(2, 3));
}

TEST_CASE("a row without anything to look at is 0" * points(1)) {
  Matrix mask(2, 3);
  for (std::size_t j = 0; j < 3; ++j) mask(0, j) = kHidden;
  check(some_matrix(2, 2, 14), some_matrix(3, 2, 15), some_matrix(3, 2, 16), mask);
}
