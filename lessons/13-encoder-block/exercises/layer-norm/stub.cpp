#include "exercise.h"

#include <cmath>

Matrix layer_norm(const Matrix& x, const std::vector<double>& gain, const std::vector<double>& bias,
                  double eps) {
  Matrix out(x.rows, x.columns);
  // TODO: the mean and the variance of every row, then the formula. Now only the bias comes out.
  for (std::size_t i = 0; i < x.rows; ++i) {
    for (std::size_t j = 0; j < x.columns; ++j) out(i, j) = bias[j] + 0 * gain[j] * eps;
  }
  return out;
}
