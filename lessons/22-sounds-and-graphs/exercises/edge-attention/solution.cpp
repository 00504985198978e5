#include <algorithm>
#include <cmath>
#include <limits>

#include "exercise.h"

constexpr double hidden = -std::numeric_limits<double>::infinity();

Matrix edge_weights(const Matrix& scores, const Matrix& edges) {
  const std::size_t n = scores.rows;
  Matrix seen(n, n);
  for (std::size_t i = 0; i < n; ++i) seen(i, i) = 1;
  for (std::size_t e = 0; e < edges.rows; ++e) {
    const auto i = std::size_t(edges(e, 0)), j = std::size_t(edges(e, 1));
    seen(i, j) = 1;
    seen(j, i) = 1;
  }
  Matrix weights(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    double largest = hidden, sum = 0;
    for (std::size_t j = 0; j < n; ++j) {
      weights(i, j) = seen(i, j) == 1 ? scores(i, j) : hidden;
      largest = std::max(largest, weights(i, j));
    }
    for (std::size_t j = 0; j < n; ++j) sum += weights(i, j) = std::exp(weights(i, j) - largest);
    for (std::size_t j = 0; j < n; ++j) weights(i, j) /= sum;
  }
  return weights;
}

Matrix edge_attention(const Matrix& scores, const Matrix& edges, const Matrix& h) {
  const Matrix weights = edge_weights(scores, edges);
  Matrix result(h.rows, h.columns);
  for (std::size_t i = 0; i < h.rows; ++i) {
    for (std::size_t j = 0; j < h.rows; ++j) {
      for (std::size_t c = 0; c < h.columns; ++c) result(i, c) += weights(i, j) * h(j, c);
    }
  }
  return result;
}
