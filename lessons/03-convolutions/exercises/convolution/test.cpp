#include <cmath>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(convolution)> student("convolution");

using Taps = std::vector<Matrix>;

/// Row t of the result is row t + rows of x's; zeros come in.
Matrix moved(const Matrix& x, int rows) {
  Matrix out(x.rows, x.columns);
  for (int t = 0; t < int(x.rows); ++t) {
    const int from = t + rows;
    if (from < 0 || from >= int(x.rows)) continue;
    for (std::size_t c = 0; c < x.columns; ++c) out(std::size_t(t), c) = x(std::size_t(from), c);
  }
  return out;
}

void check(const Matrix& x, const Taps& taps, const std::vector<double>& bias) {
  const Taps flipped(taps.rbegin(), taps.rend());
  const std::vector<double> none(bias.size(), 0);
  const int back = -int(taps.size() / 2);
  same(student(x, taps, bias), own::convolution(x, taps, bias),
       {{"conv-flipped", own::convolution(x, flipped, bias)},
        {"the bias is not added", own::convolution(x, taps, none)},
        {"tap 0, and not tap k/2, lies on the position itself",
         own::convolution(moved(x, -back), taps, bias)},
        {"the last tap lies on the position itself: the layer sees the past only",
         own::convolution(moved(x, back), taps, bias)}});
}

Taps some_taps(std::size_t k, std::size_t c_in, std::size_t c_out, unsigned seed) {
  Taps out;
  for (unsigned j = 0; j < k; ++j) out.push_back(some_matrix(c_in, c_out, seed + j));
  return out;
}
std::vector<double> numbers(std::size_t count, unsigned seed) {
  return some_matrix(1, count, seed).numbers;
}

}  // namespace

TEST_CASE("four numbers and three taps, by hand" * points(1)) {
  check({{1}, {2}, {3}, {4}}, {{{10}}, {{1}}, {{100}}}, {0});
}

TEST_CASE("three channels become two" * points(2)) {
  check(some_matrix(7, 3, 1), some_taps(3, 3, 2, 2), numbers(2, 9));
}

TEST_CASE("five taps reach two words to each side" * points(1)) {
  check(some_matrix(8, 2, 10), some_taps(5, 2, 2, 11), numbers(2, 19));
}

TEST_CASE("an even number of taps" * points(1)) {
  check(some_matrix(6, 2, 20), some_taps(4, 2, 1, 21), numbers(1, 29));
}

TEST_CASE("one tap is the same net at every position" * points(1)) {
  check(some_matrix(4, 3, 30), some_taps(1, 3, 3, 31), numbers(3, 39));
}

TEST_CASE("one word, and two words, with taps that reach beyond" * points(1)) {
  check(some_matrix(1, 2, 40), some_taps(5, 2, 2, 41), numbers(2, 49));
  check(some_matrix(2, 2, 50), some_taps(5, 2, 2, 51), numbers(2, 59));
}

TEST_CASE("shift: the result moves with the sentence" * points(2)) {
  Matrix x(9, 2);
  const Matrix middle = some_matrix(3, 2, 60);
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t c = 0; c < 2; ++c) x(t + 2, c) = middle(t, c);
  }
  const Taps taps = some_taps(3, 2, 2, 61);
  const Matrix here = student(x, taps, {0, 0}), there = student(moved(x, -2), taps, {0, 0});
  same(there, moved(here, -2));
  check(x, taps, {0, 0});
}

TEST_CASE("a word reaches its neighbours and nobody else" * points(1)) {
  Matrix x(7, 1);
  x(3, 0) = 1;
  check(x, {{{2}}, {{3}}, {{5}}}, {0});
}
