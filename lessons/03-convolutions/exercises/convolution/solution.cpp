#include "exercise.h"

Matrix convolution(const Matrix& x, const std::vector<Matrix>& taps,
                   const std::vector<double>& bias) {
  Matrix out(x.rows, bias.size());
  const int n = int(x.rows), k = int(taps.size());
  for (int t = 0; t < n; ++t) {
    for (std::size_t c = 0; c < bias.size(); ++c) {
      double sum = bias[c];
      for (int j = 0; j < k; ++j) {
        const int from = t + j - k / 2;
        if (from < 0 || from >= n) continue;
        for (std::size_t a = 0; a < x.columns; ++a)
          sum += x(std::size_t(from), a) * taps[std::size_t(j)](a, c);
      }
      out(std::size_t(t), c) = sum;
    }
  }
  return out;
}
