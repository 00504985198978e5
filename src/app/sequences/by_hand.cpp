#include "app/sequences/by_hand.h"

#include <cmath>

namespace attn::app {

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// bias[c] + sum_l row[l] w[l,c], for every column c.
template <class Row>
std::vector<double> weighted(const Row& row, std::size_t rows, const Array& w, const Array& bias) {
  const std::size_t width = bias.size();
  std::vector<double> sum(bias.data(), bias.data() + width);
  for (std::size_t l = 0; l < rows; ++l) {
    for (std::size_t c = 0; c < width; ++c) sum[c] += double{row[l]} * w.data()[l * width + c];
  }
  return sum;
}

}  // namespace

HandState recurrent_step_by_hand(Cell cell, const Array& x, std::size_t t,
                                 const RecurrentParameters& p, const HandState& before) {
  const std::size_t n = p.w_h.shape()[0];
  const std::vector<double> a = weighted(row(x, t), columns(x), p.w_x.value(), p.b_x.value());
  const std::vector<double> b = weighted(before.h, before.h.size(), p.w_h.value(), p.b_h.value());
  HandState now{std::vector<double>(a.size()), std::vector<double>(n), std::vector<double>(n)};
  for (std::size_t k = 0; k < n; ++k) {
    const double h_before = before.h.empty() ? 0 : before.h[k],
                 c_before = before.c.empty() ? 0 : before.c[k];
    double* gate = now.gates.data() + k;  // gate g of number k stands at g * n
    if (cell == Cell::rnn) {
      gate[0] = now.h[k] = std::tanh(a[k] + b[k]);
    } else if (cell == Cell::lstm) {
      gate[0] = sigmoid(a[k] + b[k]);                        // i
      gate[n] = sigmoid(a[n + k] + b[n + k]);                // f
      gate[2 * n] = std::tanh(a[2 * n + k] + b[2 * n + k]);  // g
      gate[3 * n] = sigmoid(a[3 * n + k] + b[3 * n + k]);    // o
      now.c[k] = gate[n] * c_before + gate[0] * gate[2 * n];
      now.h[k] = gate[3 * n] * std::tanh(now.c[k]);
    } else {
      gate[0] = sigmoid(a[k] + b[k]);                                  // r
      gate[n] = sigmoid(a[n + k] + b[n + k]);                          // z
      gate[2 * n] = std::tanh(a[2 * n + k] + gate[0] * b[2 * n + k]);  // n
      now.h[k] = (1 - gate[n]) * gate[2 * n] + gate[n] * h_before;
    }
  }
  return now;
}

std::vector<HandState> recurrent_by_hand(Cell cell, const Array& x, const RecurrentParameters& p,
                                         bool reversed) {
  const std::size_t n = rows(x);
  std::vector<HandState> states(n);
  HandState before;
  for (std::size_t s = 0; s < n; ++s) {
    const std::size_t t = reversed ? n - 1 - s : s;
    before = states[t] = recurrent_step_by_hand(cell, x, t, p, before);
  }
  return states;
}

}  // namespace attn::app
