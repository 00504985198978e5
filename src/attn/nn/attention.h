#pragma once
#include <string>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

class Parameters;

/// The projections of one attention layer. One head: (d,d_k), (d,d_k), (d,d_v), no w_o. Several:
/// the heads' matrices side by side, (d,H d_k), (d,H d_k), (d,H d_v), and w_o (H d_v,d).
struct AttentionParameters {
  Tensor w_q, w_k, w_v, w_o;
  Tensor b_q = {}, b_k = {}, b_v = {}, b_o = {};  ///< biases, where the model has them
};

/// As many columns as rows, with biases: w_q, w_k, w_v, w_o (d,d), random, and b_q, b_k, b_v, b_o
/// (d), zeros. `path` is put before the names: "layer.0.self.".
AttentionParameters attention_parameters(Parameters& parameters, const std::string& path,
                                         std::size_t d);

/// The numbers of heads among which a width can be divided, for a message: "1, 2, 3, 6".
std::string possible_heads(std::size_t width);
/// Throws Error(usage) unless the width can be divided among the heads, and says what can.
void require_heads_divide(std::size_t width, std::size_t heads);

struct Projected {
  Tensor q, k, v;
};

/// Q = X W_Q, K = X W_K, V = X W_V. Notes x (unless it has a name), the weights, q, k and v. x
/// (n,d).
Projected project(const Run& run, const Tensor& x, const AttentionParameters& p);
/// Cross-attention: Q = X W_Q, but K = M W_K and V = M W_V. x (n,d), memory M (m,d).
Projected project(const Run& run, const Tensor& x, const Tensor& memory,
                  const AttentionParameters& p);

/// softmax(Q K^T / sqrt(d_k) + M) V. mask (n,n) is additive, 0 or -inf; may be absent.
/// q (...,n,d_k), k (...,m,d_k), v (...,m,d_v) -> (...,n,d_v). Notes scores, mask, weights; the
/// caller names the result. Without `scaled`, the scores are not divided by sqrt(d_k). `keys` names
/// the axis of the keys. Vaswani et al. 2017, "Attention is all you need", equation 1.
Tensor attend(const Run& run, const Projected& p, const Tensor& mask, bool scaled = true,
              const char* keys = "key");

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
/// The same with queries from x (...,n,d), keys and values from memory (...,m,d). -> (...,n,d).
/// With memory = x this is self-attention; else the keys' axis is called "memory".
/// Vaswani et al. 2017, section 3.2.3 ("encoder-decoder attention").
Tensor multi_head_attention(const Run& run, const Tensor& x, const Tensor& memory,
                            const AttentionParameters& p, std::size_t heads, const Tensor& mask,
                            bool scaled = true);

}  // namespace attn
