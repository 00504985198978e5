#include <cmath>

#include "exercise.h"

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

State lstm_step(const std::vector<double>& x, const State& before, const Matrix& w_x,
                const Matrix& w_h, const std::vector<double>& b) {
  const std::size_t h = before.h.size();
  std::vector<double> gates = b;
  for (std::size_t j = 0; j < 4 * h; ++j) {
    for (std::size_t a = 0; a < x.size(); ++a) gates[j] += x[a] * w_x(a, j);
    for (std::size_t a = 0; a < h; ++a) gates[j] += before.h[a] * w_h(a, j);
  }
  State after = before;
  for (std::size_t j = 0; j < h; ++j) {
    const double in = sigmoid(gates[j]), forget = sigmoid(gates[h + j]),
                 candidate = std::tanh(gates[2 * h + j]), out = sigmoid(gates[3 * h + j]);
    after.c[j] = forget * before.c[j] + in * candidate;
    after.h[j] = out * std::tanh(after.c[j]);
  }
  return after;
}
