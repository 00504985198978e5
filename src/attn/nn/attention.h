#pragma once
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

/// The projections of one attention layer. One head: (d,d_k), (d,d_k), (d,d_v), no w_o. Several:
/// the heads' matrices side by side, (d,H d_k), (d,H d_k), (d,H d_v), and w_o (H d_v,d).
struct AttentionParameters {
  Tensor w_q, w_k, w_v, w_o;
  Tensor b_q = {}, b_k = {}, b_v = {}, b_o = {};  ///< biases, where the model has them
};

struct Projected {
  Tensor q, k, v;
};

/// Q = X W_Q, K = X W_K, V = X W_V. Notes x, the weights, q, k and v. x (n,d).
Projected project(const Run& run, const Tensor& x, const AttentionParameters& p);

/// softmax(Q K^T / sqrt(d_k) + M) V. mask (n,n) is additive, 0 or -inf; may be absent.
/// q (...,n,d_k), k (...,m,d_k), v (...,m,d_v) -> (...,n,d_v). Notes scores, mask, weights; the
/// caller names the result. Vaswani et al. 2017, "Attention is all you need", equation 1.
Tensor attend(const Run& run, const Projected& p, const Tensor& mask);

/// attend() with local_mask(n, radius), in O(radius n d): blocks of `radius` queries against their
/// neighbourhood, so that no (n,n) matrix arises. q (n,d_k), k (n,d_k), v (n,d_v) -> (n,d_v).
/// Notes scores, mask and weights by block. Vaswani et al. 2017, section 4 (restricted
/// self-attention).
Tensor local_attend(const Run& run, const Projected& p, std::size_t radius);

/// One head, the whole way. x (n,d) -> (n,d_v). Notes all, the result as `output`.
Tensor attention(const Run& run, const Tensor& x, const AttentionParameters& p, const Tensor& mask);

/// H heads at once: project, split, attend, concatenate, mix with W_O. x (n,d) -> (n,d).
/// Vaswani et al. 2017, section 3.2.2.
Tensor multi_head_attention(const Run& run, const Tensor& x, const AttentionParameters& p,
                            std::size_t heads, const Tensor& mask);

}  // namespace attn
