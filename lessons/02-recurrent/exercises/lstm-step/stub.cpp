#include "exercise.h"

#include <cmath>

State lstm_step(const std::vector<double>& x, const State& before, const Matrix& w_x,
                const Matrix& w_h, const std::vector<double>& b) {
  const std::size_t d = x.size(), h = before.h.size();
  State after = before;
  // TODO: the four gates from x and before.h, then the new cell, then the new hidden state.
  if (w_x.rows != d || w_h.rows != h || b.size() != 4 * h) after = {};
  return after;
}
