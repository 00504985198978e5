#pragma once
#include <tuple>
#include <vector>

#include "matrix.h"

/// What an LSTM keeps from step to step, h numbers each.
struct State {
  std::vector<double> h, c;
  auto fields() { return std::tie(h, c); }  // for the tests
};

/// One step. x (d); w_x (d, 4h), w_h (h, 4h) and b (4h) hold the gates i, f, g, o side by side.
State lstm_step(const std::vector<double>& x, const State& before, const Matrix& w_x,
                const Matrix& w_h, const std::vector<double>& b);

// What the tests call.
#define EXERCISE_FUNCTIONS lstm_step
