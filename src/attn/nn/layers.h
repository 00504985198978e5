#pragma once
// Recurrent and convolutional layers as models and lessons see them: the ops with their steps
// named.
#include <cstddef>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/ops/recurrent.h"

namespace attn {

/// One recurrent layer in one direction; see recurrent(). x (...,T,d) -> (...,T,h).
/// Notes w_x, w_h, b_x, b_h, gates, for an lstm `cell`, and hidden.
Tensor recurrent_layer(const Run& run, Cell cell, const Tensor& x, const RecurrentParameters& p,
                       bool reversed = false);

/// w (k,c_in,c_out), b (c_out).
struct ConvolutionParameters {
  Tensor w, b;
};

/// relu(convolution(x, w, b)). x (...,T,c_in) -> (...,T,c_out). Notes w, b and output.
Tensor convolution_layer(const Run& run, const Tensor& x, const ConvolutionParameters& p,
                         std::size_t dilation = 1, bool causal = false);

}  // namespace attn
