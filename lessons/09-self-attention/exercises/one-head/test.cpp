#include <cmath>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

const Student<decltype(self_attention)> student("self_attention");

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < b.columns; ++j) {
      for (std::size_t c = 0; c < a.columns; ++c) out(i, j) += a(i, c) * b(c, j);
    }
  }
  return out;
}

Matrix times(Matrix m, double factor) {
  for (double& number : m.numbers) number *= factor;
  return m;
}

/// The softmax of the scores over rows or columns, or over all of them, times the values.
Matrix gather(const Matrix& q, const Matrix& k, const Matrix& v, bool over_queries, bool over_all) {
  const double scale = std::sqrt(double(k.columns));
  Matrix e(q.rows, k.rows), out(q.rows, v.columns);
  for (std::size_t i = 0; i < q.rows; ++i) {
    for (std::size_t j = 0; j < k.rows; ++j) {
      for (std::size_t c = 0; c < q.columns; ++c) e(i, j) += q(i, c) * k(j, c) / scale;
      e(i, j) = std::exp(e(i, j));
    }
  }
  for (std::size_t i = 0; i < q.rows; ++i) {
    for (std::size_t j = 0; j < k.rows; ++j) {
      double sum = 0;
      for (std::size_t a = 0; a < q.rows; ++a) {
        for (std::size_t b = 0; b < k.rows; ++b)
          sum += over_all || (over_queries ? b == j : a == i) ? e(a, b) : 0;
      }
      for (std::size_t c = 0; c < v.columns; ++c) out(i, c) += e(i, j) / sum * v(j, c);
    }
  }
  return out;
}

void check(const Matrix& x, const Matrix& w_q, const Matrix& w_k, const Matrix& w_v) {
  const Matrix q = product(x, w_q), k = product(x, w_k), v = product(x, w_v);
  const double d_k = double(w_k.columns), d = double(x.columns), root = std::sqrt(d_k);
  const Matrix key = own::attend(q, k, v);
  std::vector<Wrong> wrong = {
      {"scale-missing", own::attend(times(q, root), k, v)},
      {"scale-by-dk", own::attend(times(q, 1 / root), k, v)},
      {"scale-by-model", own::attend(times(q, root / std::sqrt(d)), k, v)},
      {"scale-after-softmax", times(own::attend(times(q, root), k, v), 1 / root)},
      {"softmax-over-queries", gather(q, k, v, true, false)},
      {"softmax-over-all", gather(q, k, v, false, true)},
      {"query-key-swapped", own::attend(k, q, v)},
      {"the values are x itself, without W_V", own::attend(q, k, x)}};
  if (w_k.columns == w_v.columns) wrong.push_back({"value-is-key", own::attend(q, k, k)});
  same(student(x, w_q, w_k, w_v), key, wrong);
}

}  // namespace

TEST_CASE("two tokens of one number, by hand" * points(1)) {
  check({{1}, {0}}, {{1}}, {{1}}, {{1}});
}

TEST_CASE("five tokens, with narrow keys and wide values" * points(3)) {
  check(some_matrix(5, 6, 1), some_matrix(6, 3, 2), some_matrix(6, 3, 3), some_matrix(6, 4, 4));
}

TEST_CASE("keys as wide as values" * points(2)) {
  check(some_matrix(4, 8, 5), some_matrix(8, 4, 6), some_matrix(8, 4, 7), some_matrix(8, 4, 8));
}

TEST_CASE("one token looks at itself" * points(1)) {
  check(some_matrix(1, 4, 9), some_matrix(4, 2, 10), some_matrix(4, 2, 11), some_matrix(4, 2, 12));
}

TEST_CASE("equal tokens gather the same" * points(1)) {
  check({{1, 2}, {1, 2}, {1, 2}}, some_matrix(2, 2, 13), some_matrix(2, 2, 14),
        some_matrix(2, 3, 15));
}

TEST_CASE("permuting the tokens permutes the result and nothing else" * points(1)) {
  const Matrix x = some_matrix(4, 3, 16), w_q = some_matrix(3, 2, 17), w_k = some_matrix(3, 2, 18),
               w_v = some_matrix(3, 2, 19);
  const Matrix before = student(x, w_q, w_k, w_v);
  claim(before.rows == 4 && before.columns == 2, "the result has not 4 rows and 2 columns");
  claim(std::abs(before(0, 0) - before(1, 0)) > 1e-9, "different tokens gather the same");
  Matrix other = x, expected = before;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t c = 0; c < 3; ++c) other(i, c) = x((i + 1) % 4, c);
    for (std::size_t c = 0; c < 2; ++c) expected(i, c) = before((i + 1) % 4, c);
  }
  same(student(other, w_q, w_k, w_v), expected);
}

TEST_CASE("large vectors do not overflow" * points(1)) {
  const Matrix x = times(some_matrix(3, 2, 20), 1000), w = {{1, 0}, {0, 1}};
  check(x, w, w, times(w, 0.001));
}
