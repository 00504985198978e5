#pragma once
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

/// w (d,d'), a (2d').
struct GraphAttentionParameters {
  Tensor w, a;
};

/// One head of attention along edges: softmax(LeakyReLU(a . [h_i; h_j]) + mask) H with H = X W.
/// x (...,n,d) -> (...,n,d'). Notes all. Velickovic et al. 2018, "Graph attention networks",
/// equations 1 to 4.
Tensor graph_attention(const Run& run, const Tensor& x, const GraphAttentionParameters& p,
                       const Tensor& mask);

}  // namespace attn
