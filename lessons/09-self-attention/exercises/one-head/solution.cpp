#include <algorithm>
#include <cmath>

#include "exercise.h"

namespace {

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < b.columns; ++j) {
      for (std::size_t c = 0; c < a.columns; ++c) out(i, j) += a(i, c) * b(c, j);
    }
  }
  return out;
}

Matrix transposed(const Matrix& a) {
  Matrix out(a.columns, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.columns; ++j) out(j, i) = a(i, j);
  }
  return out;
}

Matrix softmax(Matrix s) {
  for (std::size_t i = 0; i < s.rows; ++i) {
    double largest = s(i, 0), sum = 0;
    for (std::size_t j = 0; j < s.columns; ++j) largest = std::max(largest, s(i, j));
    for (std::size_t j = 0; j < s.columns; ++j) sum += s(i, j) = std::exp(s(i, j) - largest);
    for (std::size_t j = 0; j < s.columns; ++j) s(i, j) /= sum;
  }
  return s;
}

}  // namespace

Matrix self_attention(const Matrix& x, const Matrix& w_q, const Matrix& w_k, const Matrix& w_v) {
  Matrix scores = product(product(x, w_q), transposed(product(x, w_k)));
  for (double& score : scores.numbers) score /= std::sqrt(double(w_k.columns));
  return product(softmax(scores), product(x, w_v));
}
