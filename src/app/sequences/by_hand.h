#pragma once
// Recurrent cells in plain loops and double: what the fast op is compared with, one time step at a
// time.
#include <vector>

#include "attn/ops/recurrent.h"

namespace attn::app {

/// What a recurrent net knows after a time step. Empty vectors before the first.
struct HandState {
  std::vector<double> gates, h, c;
};

/// One time step: row t of x (n,d), and what was known before it.
HandState recurrent_step_by_hand(Cell cell, const Array& x, std::size_t t,
                                 const RecurrentParameters& p, const HandState& before);

/// All time steps, by their place in the text; `reversed` begins at the last.
std::vector<HandState> recurrent_by_hand(Cell cell, const Array& x, const RecurrentParameters& p,
                                         bool reversed);

}  // namespace attn::app
