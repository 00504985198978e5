#include "attn/nn/attention.h"

#include <cmath>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

Projected project(const Run& run, const Tensor& x, const AttentionParameters& p) {
  note(run, "x", "X: one row per token", {"token", "d"}, x);
  note(run, "w_q", "W_Q", {"d", "d_k"}, p.w_q);
  note(run, "w_k", "W_K", {"d", "d_k"}, p.w_k);
  note(run, "w_v", "W_V", {"d", "d_v"}, p.w_v);
  if (p.b_q) {
    note(run, "b_q", "b_Q", {"d_k"}, p.b_q);
    note(run, "b_k", "b_K", {"d_k"}, p.b_k);
    note(run, "b_v", "b_V", {"d_v"}, p.b_v);
  }
  const Tensor q = linear(run, x, p.w_q, p.b_q);  // (n,d_k)
  note(run, "q", p.b_q ? "Q = X W_Q + b_Q" : "Q = X W_Q", {"query", "d_k"}, q);
  const Tensor k = linear(run, x, p.w_k, p.b_k);  // (n,d_k)
  note(run, "k", p.b_k ? "K = X W_K + b_K" : "K = X W_K", {"key", "d_k"}, k);
  const Tensor v = linear(run, x, p.w_v, p.b_v);  // (n,d_v)
  note(run, "v", p.b_v ? "V = X W_V + b_V" : "V = X W_V", {"key", "d_v"}, v);
  return {q, k, v};
}

Tensor attend(const Run& run, const Projected& p, const Tensor& mask) {
  const bool many = p.q.shape().size() > 2;
  const auto named = [&](const char* path, const char* formula, const Tensor& value) {
    if (many) {
      note(run, path, formula, {"head", "query", "key"}, value);
    } else {
      note(run, path, formula, {"query", "key"}, value);
    }
  };
  const double d_k = static_cast<double>(p.q.shape().back());
  const Tensor scores = matmul_nt(run, p.q, p.k, 1 / std::sqrt(d_k));  // (...,n,m)
  named("scores", "S = Q K^T / sqrt(d_k)", scores);
  if (mask) note(run, "mask", "M: 0 where the query may look, -inf elsewhere", {"query", "key"}, mask);
  const Tensor weights = softmax(run, scores, mask);  // (...,n,m)
  named("weights", mask ? "A = softmax(S + M)" : "A = softmax(S)", weights);
  return matmul(run, weights, p.v);  // (...,n,d_v)
}

Tensor attention(const Run& run, const Tensor& x, const AttentionParameters& p, const Tensor& mask) {
  const Tensor output = attend(run, project(run, x, p), mask);
  note(run, "output", "O = A V", {"query", "d_v"}, output);
  return output;
}

Tensor multi_head_attention(const Run& run, const Tensor& x, const AttentionParameters& p,
                            std::size_t heads, const Tensor& mask) {
  const Projected all = project(run, x, p);  // (n,H d)
  const Tensor q = split_heads(run, all.q, heads);  // (H,n,d_k)
  note(run, "q_heads", "Q cut into heads", {"head", "query", "d_k"}, q);
  const Tensor k = split_heads(run, all.k, heads);  // (H,n,d_k)
  note(run, "k_heads", "K cut into heads", {"head", "key", "d_k"}, k);
  const Tensor v = split_heads(run, all.v, heads);  // (H,n,d_v)
  note(run, "v_heads", "V cut into heads", {"head", "key", "d_v"}, v);

  const Tensor context = attend(run, {q, k, v}, mask);  // (H,n,d_v)
  note(run, "context", "C = A V, for each head", {"head", "query", "d_v"}, context);
  const Tensor concat = merge_heads(run, context);  // (n,H d_v)
  note(run, "concat", "[C_1 ... C_H]: the heads side by side", {"query", "H d_v"}, concat);
  note(run, "w_o", "W_O", {"H d_v", "d"}, p.w_o);
  if (p.b_o) note(run, "b_o", "b_O", {"d"}, p.b_o);
  const Tensor output = linear(run, concat, p.w_o, p.b_o);  // (n,d)
  note(run, "output", p.b_o ? "O = [C_1 ... C_H] W_O + b_O" : "O = [C_1 ... C_H] W_O", {"query", "d"}, output);
  return output;
}

}  // namespace attn
