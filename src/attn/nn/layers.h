#pragma once
// Recurrent and convolutional layers as models and lessons see them: the ops with their steps
// named.
#include <cstddef>
#include <string>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/nn/parameters.h"
#include "attn/ops/recurrent.h"

namespace attn {

/// PATH + "w_x", "w_h", "b_x" and "b_h" for inputs of width d and h hidden numbers: weights of
/// deviation 1/sqrt(fan in), biases 0, but 1 for the forget gate of an lstm.
RecurrentParameters recurrent_parameters(Parameters& from, const std::string& path, Cell cell,
                                         std::size_t d, std::size_t h);

/// Notes w_x, w_h, b_x and b_h.
void note_parameters(const Run& run, const RecurrentParameters& p);
/// Notes gates, for an lstm `cell`, and hidden; `axis` says what a row stands for.
void note_states(const Run& run, Cell cell, const RecurrentResult& y, const char* axis);

/// One recurrent layer in one direction; see recurrent(). x (...,T,d) -> (...,T,h).
/// Notes w_x, w_h, b_x, b_h, gates, for an lstm `cell`, and hidden.
Tensor recurrent_layer(const Run& run, Cell cell, const Tensor& x, const RecurrentParameters& p,
                       bool reversed = false);
/// The same from given states, with everything that the op gives.
RecurrentResult recurrent_states(const Run& run, Cell cell, const Tensor& x,
                                 const RecurrentParameters& p, bool reversed,
                                 const RecurrentState& initial, const char* axis);

/// w (k,c_in,c_out), b (c_out).
struct ConvolutionParameters {
  Tensor w, b;
};

/// relu(convolution(x, w, b)). x (...,T,c_in) -> (...,T,c_out). Notes w, b and output.
Tensor convolution_layer(const Run& run, const Tensor& x, const ConvolutionParameters& p,
                         std::size_t dilation = 1, bool causal = false);

}  // namespace attn
