#include <cmath>
#include <limits>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(softmax)> student("softmax");

enum class Sum { row, column, all };

/// The formula as it stands: it overflows. What is summed over is what may go wrong.
Matrix naive(const Matrix& s, Sum over = Sum::row) {
  Matrix w(s.rows, s.columns);
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t j = 0; j < s.columns; ++j) {
      double sum = 0;
      for (std::size_t a = 0; a < s.rows; ++a) {
        for (std::size_t b = 0; b < s.columns; ++b) {
          if ((over == Sum::row && a != i) || (over == Sum::column && b != j)) continue;
          sum += std::exp(s(a, b));
        }
      }
      w(i, j) = std::exp(s(i, j)) / sum;
    }
  }
  return w;
}

std::vector<Wrong> wrong(const Matrix& s) {
  return {{"softmax-over-queries", naive(s, Sum::column)},
          {"softmax-over-all", naive(s, Sum::all)},
          {"softmax-unstable", naive(s)}};
}

void check(const Matrix& s) { same(student(s), own::softmax(s), wrong(s)); }

}  // namespace

TEST_CASE("one row that can be done by hand" * points(1)) {
  same(student({{0, std::log(2.0), std::log(5.0)}}), Matrix{{0.125, 0.25, 0.625}},
       wrong({{0, std::log(2.0), std::log(5.0)}}));
}

TEST_CASE("several rows, each for itself" * points(2)) { check(some_matrix(3, 5, 1)); }

TEST_CASE("more rows than columns" * points(1)) { check(some_matrix(6, 2, 2)); }

TEST_CASE("a single score gets the weight 1" * points(1)) {
  same(student({{-3}}), Matrix{{1}}, wrong({{-3}}));
}

TEST_CASE("every row sums to 1" * points(1)) {
  const Matrix w = student(some_matrix(4, 7, 3));
  claim(w.rows == 4 && w.columns == 7, "the result has not 4 rows and 7 columns");
  for (std::size_t i = 0; i < w.rows; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < w.columns; ++j) sum += w(i, j);
    claim(std::abs(sum - 1) < 1e-6,
          "row " + std::to_string(i) + " sums to " + std::to_string(sum) + " and not to 1");
  }
}

TEST_CASE("the same number added to all scores changes nothing" * points(1)) {
  Matrix s = some_matrix(3, 4, 4);
  const Matrix before = student(s);
  for (double& x : s.numbers) x += 5;
  same(student(s), before);
  check(s);
}

TEST_CASE("scores of 10000 do not overflow" * points(2)) {
  check({{10000, 9999, 9998}, {0, 1, 2}});
}

TEST_CASE("rows of large negative scores have weights, too" * points(1)) {
  check({{-10000, -10001}, {-2, -1}});
}
