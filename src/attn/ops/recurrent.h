#pragma once
#include <string_view>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

enum class Cell { rnn, lstm, gru };

/// "rnn", "lstm" or "gru". Throws Error(internal) if there is no such cell.
Cell cell_named(std::string_view name);

/// Gates per hidden number: rnn 1; lstm 4 (i, f, g, o); gru 3 (r, z, n).
constexpr std::size_t gates_of(Cell cell) {
  return cell == Cell::rnn ? 1 : cell == Cell::lstm ? 4 : 3;
}

/// Parameters of one direction. w_x (d,g h), w_h (h,g h), b_x and b_h (g h): gates side by side.
struct RecurrentParameters {
  Tensor w_x, w_h, b_x, b_h;
};

/// What a recurrent net keeps from step to step: h (...,h) and, for an lstm, c (...,h). Absent
/// tensors are zeros.
struct RecurrentState {
  Tensor h = {}, c = {};
};

/// What a recurrent layer computed, one row per time step.
struct RecurrentResult {
  Tensor hidden;        ///< h_t (...,T,h); gradients flow back through this one
  Tensor gates;         ///< after their sigmoid or tanh (...,T,g h); to be shown
  Tensor cell;          ///< c_t (...,T,h) of an lstm; to be shown. Empty for the others
  RecurrentState last;  ///< behind the last step read; gradients flow back through these too
};

/// One whole sequence as one op, from h_0 = c_0 = 0 or from `initial`. x (...,T,d) -> (...,T,h).
///   rnn   h_t = tanh(x W_x + b_x + h W_h + b_h)                            Elman 1990
///   lstm  i, f, o = sigmoid(...), g = tanh(...); c_t = f c + i g; h_t = o tanh(c_t)
///                                                           Hochreiter and Schmidhuber 1997; Gers
///                                                           2000
///   gru   r, z = sigmoid(...); n = tanh(x W_xn + b_xn + r (h W_hn + b_hn)); h_t = (1-z) n + z h
///                                                           Cho et al. 2014, with PyTorch's place
///                                                           of r
/// `reversed` runs from the last step to the first. Back through time in one pass.
RecurrentResult recurrent(const Run& run, Cell cell, const Tensor& x, const RecurrentParameters& p,
                          bool reversed = false, const RecurrentState& initial = {});

}  // namespace attn
