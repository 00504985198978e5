#include "exercise.h"

#include <cmath>

Matrix softmax(const Matrix& scores) {
  Matrix weights(scores.rows, scores.columns);
  // TODO: the exponential of each score, divided by the sum of the exponentials of its row.
  // Take care that large scores do not overflow.
  return weights;
}
