#pragma once
// A multi-head attention made from ops alone, and random numbers for it: what the tests of graph/
// and ops/ look at. Nothing of nn/.
#include <cmath>
#include <limits>

#include "attn/core/rng.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn::testing {

constexpr real kInfinity = std::numeric_limits<real>::infinity();
constexpr real kNaN = std::numeric_limits<real>::quiet_NaN();

inline Tensor normal(Rng& rng, const Shape& shape, double deviation = 1) {
  return Tensor::parameter(rng.normal(shape, deviation));
}

/// (n,n): 0 where the key is not after the query, -inf where it is.
inline Tensor causal_mask(std::size_t n) {
  Array mask = zeros({n, n});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) mask(i, j) = -kInfinity;
  }
  return Tensor(std::move(mask));
}

struct SmallAttention {
  std::size_t heads;
  Tensor w_q, b_q, w_k, w_v, w_o;

  SmallAttention(Rng& rng, std::size_t d, std::size_t heads_)
      : heads(heads_),
        w_q(normal(rng, {d, d}, 1 / std::sqrt(double(d)))),
        b_q(normal(rng, {d})),
        w_k(normal(rng, {d, d}, 1 / std::sqrt(double(d)))),
        w_v(normal(rng, {d, d}, 1 / std::sqrt(double(d)))),
        w_o(normal(rng, {d, d}, 1 / std::sqrt(double(d)))) {}

  /// x (n,d) -> (n,d). mask (n,n) or none.
  Tensor operator()(const Run& run, const Tensor& x, const Tensor& mask = {}) const {
    note(run, "x", "x", {"token", "feature"}, x);
    const Tensor q = split_heads(run, linear(run, x, w_q, b_q), heads);  // (H,n,d_k)
    note(run, "q", "Q = x W_Q + b", {"head", "query", "feature"}, q);
    const Tensor k = split_heads(run, linear(run, x, w_k), heads);  // (H,n,d_k)
    note(run, "k", "K = x W_K", {"head", "key", "feature"}, k);
    const Tensor v = split_heads(run, linear(run, x, w_v), heads);  // (H,n,d_k)
    note(run, "v", "V = x W_V", {"head", "key", "feature"}, v);
    const double c = 1 / std::sqrt(static_cast<double>(q.shape().back()));
    const Tensor s = matmul_nt(run, q, k, c);  // (H,n,n)
    note(run, "scores", "S = Q K^T / sqrt(d_k)", {"head", "query", "key"}, s);
    const Tensor a = softmax(run, s, mask);
    note(run, "weights", "A = softmax(S + M)", {"head", "query", "key"}, a);
    const Tensor context = merge_heads(run, matmul(run, a, v));  // (n,d)
    const Tensor y = linear(run, context, w_o);
    note(run, "y", "Y = A V W_O", {"query", "feature"}, y);
    return y;
  }
};

}  // namespace attn::testing
