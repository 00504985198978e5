#include <algorithm>
#include <cmath>
#include <limits>

#include "exercise.h"

constexpr double hidden = -std::numeric_limits<double>::infinity();

Matrix causal_mask(std::size_t n) {
  Matrix mask(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) mask(i, j) = hidden;
  }
  return mask;
}

Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask) {
  Matrix output(q.rows, v.columns);
  std::vector<double> weights(k.rows);
  for (std::size_t i = 0; i < q.rows; ++i) {
    double largest = hidden, sum = 0;
    for (std::size_t j = 0; j < k.rows; ++j) {
      double score = 0;
      for (std::size_t c = 0; c < q.columns; ++c) score += q(i, c) * k(j, c);
      weights[j] = score / std::sqrt(double(q.columns)) + mask(i, j);
      largest = std::max(largest, weights[j]);
    }
    if (largest == hidden) continue;  // nothing to look at: the row stays 0
    for (double& weight : weights) {
      weight = std::exp(weight - largest);
      sum += weight;
    }
    for (std::size_t j = 0; j < k.rows; ++j) {
      for (std::size_t c = 0; c < v.columns; ++c) output(i, c) += weights[j] / sum * v(j, c);
    }
  }
  return output;
}
