#include "attn/nn/layers.h"

#include <algorithm>
#include <cmath>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

RecurrentParameters recurrent_parameters(Parameters& from, const std::string& path, Cell cell,
                                         std::size_t d, std::size_t h) {
  const std::size_t g = gates_of(cell) * h;
  // A forget gate that starts open lets gradients through (Jozefowicz et al. 2015, section 4).
  Array bias = zeros({g});
  if (cell == Cell::lstm) std::fill_n(bias.data() + h, h, real{1});
  return {from.get(path + "w_x", {d, g}, 1 / std::sqrt(double(d))),
          from.get(path + "w_h", {h, g}, 1 / std::sqrt(double(h))), from.get_or(path + "b_x", bias),
          from.get_or(path + "b_h", zeros({g}))};
}

void note_parameters(const Run& run, const RecurrentParameters& p) {
  note(run, "w_x", "W_x: from the input to the gates", {"d", "gate"}, p.w_x);
  note(run, "w_h", "W_h: from the hidden state to the gates", {"h", "gate"}, p.w_h);
  note(run, "b_x", "b_x", {"gate"}, p.b_x);
  note(run, "b_h", "b_h", {"gate"}, p.b_h);
}

void note_states(const Run& run, Cell cell, const RecurrentResult& y, const char* axis) {
  if (y.gates) {
    const char* formula = cell == Cell::rnn ? "tanh(x W_x + b_x + h W_h + b_h)"
                          : cell == Cell::lstm
                              ? "i, f, o = sigmoid(...), g = tanh(...) of x W_x + b_x + h W_h + b_h"
                              : "r, z = sigmoid(...); n = tanh(x W_xn + b_xn + r (h W_hn + b_hn))";
    note(run, "gates", formula, {axis, "gate"}, y.gates);
  }
  if (y.cell) note(run, "cell", "c_t = f c + i g", {axis, "h"}, y.cell);
  note(run, "hidden",
       cell == Cell::rnn    ? "h_t = row t of gates"
       : cell == Cell::lstm ? "h_t = o tanh(c_t)"
                            : "h_t = (1-z) n + z h",
       {axis, "h"}, y.hidden);
}

RecurrentResult recurrent_states(const Run& run, Cell cell, const Tensor& x,
                                 const RecurrentParameters& p, bool reversed,
                                 const RecurrentState& initial, const char* axis) {
  note_parameters(run, p);
  RecurrentResult y = recurrent(run, cell, x, p, reversed, initial);
  note_states(run, cell, y, axis);
  return y;
}

Tensor recurrent_layer(const Run& run, Cell cell, const Tensor& x, const RecurrentParameters& p,
                       bool reversed) {
  return recurrent_states(run, cell, x, p, reversed, {}, "token").hidden;
}

Tensor convolution_layer(const Run& run, const Tensor& x, const ConvolutionParameters& p,
                         std::size_t dilation, bool causal) {
  note(run, "w", "W: one matrix per tap", {"tap", "c_in", "c_out"}, p.w);
  note(run, "b", "b", {"c_out"}, p.b);
  const Tensor output =
      relu(run, convolution(run, x, p.w, p.b, dilation, causal));  // (...,T,c_out)
  note(run, "output", "max(sum over taps of x W_tap + b, 0)", {"token", "c_out"}, output);
  return output;
}

}  // namespace attn
