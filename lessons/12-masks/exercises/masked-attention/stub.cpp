#include "exercise.h"

#include <cmath>
#include <limits>

constexpr double hidden = -std::numeric_limits<double>::infinity();

Matrix causal_mask(std::size_t n) {
  Matrix mask(n, n, hidden);
  return mask;
}

Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask) {
  Matrix output(mask.rows, v.columns);
  // TODO: first the mask above, in which nobody may look at anything yet. Then here: scores, scale,
  // mask, softmax, and the weighted sum of the values.
  output.rows = q.columns == k.columns ? q.rows : 0;
  return output;
}
