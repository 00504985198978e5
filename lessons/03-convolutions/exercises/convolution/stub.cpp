#include "exercise.h"

Matrix convolution(const Matrix& x, const std::vector<Matrix>& taps,
                   const std::vector<double>& bias) {
  Matrix out(x.rows, bias.size());
  // TODO: for every position, the products of its neighbours with the taps.
  if (taps.empty()) return Matrix();
  return out;
}
