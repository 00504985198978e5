#include <algorithm>
#include <cmath>
#include <limits>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(edge_weights)> student_weights("edge_weights");
const Student<decltype(edge_attention)> student("edge_attention");

constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// What can go wrong, step by step.
struct Way {
  enum { hidden, as_zero, behind, inverted, none } mask = hidden;
  bool one_way = false, alone = false, over_queries = false, stable = true, zeros_for_none = false;
  double doubled = 0;  ///< added to the score for each time that an edge stands there again
};

/// How often node i is joined with node j.
Matrix joined(const Matrix& edges, std::size_t n, bool one_way) {
  Matrix out(n, n);
  for (std::size_t e = 0; e < edges.rows; ++e) {
    const auto i = std::size_t(edges(e, 0)), j = std::size_t(edges(e, 1));
    ++out(i, j);
    if (!one_way) ++out(j, i);
  }
  return out;
}

Matrix weights_in(const Way& way, const Matrix& scores, const Matrix& edges) {
  const std::size_t n = scores.rows;
  const Matrix count = joined(edges, n, way.one_way);
  const auto looks = [&](std::size_t i, std::size_t j) {
    return i == j ? !way.alone : count(i, j) > 0;
  };
  Matrix s = scores, out(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const bool gone = looks(i, j) == (way.mask == Way::inverted);
      if (gone && way.mask == Way::as_zero) s(i, j) = 0;
      if (gone && (way.mask == Way::hidden || way.mask == Way::inverted)) s(i, j) = kHidden;
      if (count(i, j) > 1) s(i, j) += way.doubled * std::log(count(i, j));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const auto at = [&](std::size_t a) { return way.over_queries ? s(a, j) : s(i, a); };
      double sum = 0, largest = way.stable ? kHidden : 0;
      for (std::size_t a = 0; way.stable && a < n; ++a) largest = std::max(largest, at(a));
      for (std::size_t a = 0; a < n; ++a) sum += std::exp(at(a) - largest);
      out(i, j) = std::exp(s(i, j) - largest) / sum;
      if (way.mask == Way::behind && !looks(i, j)) out(i, j) = 0;
      if (way.zeros_for_none && std::isnan(out(i, j))) out(i, j) = 0;
    }
  }
  return out;
}

Matrix product(const Matrix& a, const Matrix& h) {
  Matrix out(a.rows, h.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < h.rows; ++j) {
      for (std::size_t c = 0; c < h.columns; ++c) out(i, c) += a(i, j) * h(j, c);
    }
  }
  return out;
}

/// Known mistakes, as `result` makes of their weights what was asked.
template <class F>
std::vector<Wrong> wrong(const Matrix& scores, const Matrix& edges, F result) {
  const auto in = [&](const Way& way) -> Matrix { return result(weights_in(way, scores, edges)); };
  return {{"mask-zero", in({.mask = Way::as_zero})},
          {"mask-after-softmax", in({.mask = Way::behind})},
          {"mask-inverted", in({.mask = Way::inverted})},
          {"mask-missing", in({.mask = Way::none})},
          {"self-missing", in({.alone = true})},
          {"self-missing", in({.alone = true, .zeros_for_none = true})},
          {"self-missing", in({.alone = true, .stable = false})},
          {"edge-one-way", in({.one_way = true})},
          {"softmax-over-queries", in({.over_queries = true})},
          {"softmax-unstable", in({.stable = false})},
          {"an edge that stands there twice counts twice", in({.doubled = 1})}};
}

/// The weights by attn's own softmax.
Matrix right_weights(const Matrix& scores, const Matrix& edges) {
  const Matrix count = joined(edges, scores.rows, false);
  Matrix s = scores;
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t j = 0; j < s.rows; ++j) {
      if (i != j && count(i, j) == 0) s(i, j) = kHidden;
    }
  }
  return own::softmax(s);
}

void check_weights(const Matrix& scores, const Matrix& edges) {
  same(student_weights(scores, edges), right_weights(scores, edges),
       wrong(scores, edges, [](const Matrix& a) { return a; }));
}

const Matrix kNone(0, 2);

}  // namespace

TEST_CASE("three nodes and one edge, by hand" * points(1)) {
  const Matrix scores = {{0, std::log(3.0), 2}, {2, 2, 2}, {2, 2, 2}}, edge = {{0, 1}};
  same(student_weights(scores, edge), Matrix{{0.25, 0.75, 0}, {0.5, 0.5, 0}, {0, 0, 1}},
       wrong(scores, edge, [](const Matrix& a) { return a; }));
}

TEST_CASE("a ring: everybody has two neighbours" * points(2)) {
  check_weights(some_matrix(5, 5, 1), {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 0}});
}

TEST_CASE("a star, its edges in any direction" * points(1)) {
  check_weights(some_matrix(4, 4, 2), {{0, 1}, {2, 0}, {0, 3}});
}

TEST_CASE("a node without edges looks at itself" * points(1)) {
  check_weights(some_matrix(4, 4, 3), {{3, 1}});
  check_weights(some_matrix(3, 3, 4), kNone);
  check_weights({{0.5}}, kNone);
}

TEST_CASE("an edge that stands there twice counts once" * points(1)) {
  check_weights(some_matrix(4, 4, 5), {{0, 1}, {1, 0}, {2, 3}, {2, 3}, {1, 3}});
}

TEST_CASE("large scores do not overflow, and those of strangers do not matter" * points(1)) {
  check_weights({{2000, 2001, -5}, {-3000, -3001, 1}, {0, 9000, 0.5}}, {{0, 1}});
  check_weights({{-2000, 0, 0}, {0, 1, 0}, {900, 0, 2}}, {{1, 2}});
}

TEST_CASE("the weighted sums" * points(2)) {
  const Matrix scores = some_matrix(5, 5, 6), h = some_matrix(5, 3, 7);
  const Matrix edges = {{0, 2}, {4, 2}, {1, 0}};
  std::vector<Wrong> known = wrong(scores, edges, [&](const Matrix& a) { return product(a, h); });
  Matrix turned = right_weights(scores, edges);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < i; ++j) std::swap(turned(i, j), turned(j, i));
  }
  known.push_back({"weights-transposed", product(turned, h)});
  same(student(scores, edges, h), product(right_weights(scores, edges), h), known);
}

TEST_CASE("nothing leaks: a node that is not joined does not matter" * points(1)) {
  const Matrix scores = some_matrix(4, 4, 8), edges = {{0, 1}, {1, 2}};
  Matrix h = some_matrix(4, 2, 9);
  const Matrix before = student(scores, edges, h);
  h(2, 0) += 3;
  h(3, 1) -= 3;
  const Matrix after = student(scores, edges, h);
  claim(before.rows == 4 && before.columns == 2 && after.rows == 4 && after.columns == 2,
        "the result has not 4 rows and 2 columns");
  for (std::size_t c = 0; c < 2; ++c)
    claim(std::abs(before(0, c) - after(0, c)) < 1e-9,
          "nodes 2 and 3 changed, and node 0, which is joined with neither, did so, too");
  claim(std::abs(before(1, 0) - after(1, 0)) > 1e-9,
        "node 2 changed, and its neighbour 1 did not: an edge joins both ways");
}
