#include <algorithm>
#include <cmath>

#include "exercise.h"

Matrix softmax(const Matrix& scores) {
  Matrix weights(scores.rows, scores.columns);
  for (std::size_t i = 0; i < scores.rows; ++i) {
    double largest = scores(i, 0), sum = 0;
    for (std::size_t j = 1; j < scores.columns; ++j) largest = std::max(largest, scores(i, j));
    for (std::size_t j = 0; j < scores.columns; ++j) {
      weights(i, j) = std::exp(scores(i, j) - largest);
      sum += weights(i, j);
    }
    for (std::size_t j = 0; j < scores.columns; ++j) weights(i, j) /= sum;
  }
  return weights;
}
