// Attention as a model writes it: ops, and a note for each result. No #pragma once: bench_core.cpp
// takes it as it stands, unobserved.cpp takes it again in a namespace where nobody can look.
namespace attn {

struct AttentionFromOps {
  std::size_t n = 64, d = 64, heads = 4;
  Tensor x, w_q, w_k, w_v, w_o, mask;

  /// Four matrices (d,d) and x (n,d) from somewhere.
  explicit AttentionFromOps(const std::function<Array(std::size_t, std::size_t)>& random) {
    x = Tensor::input(random(n, d));
    for (Tensor* w : {&w_q, &w_k, &w_v, &w_o}) *w = Tensor::parameter(random(d, d));
    mask = Tensor(zeros({n, n}));
  }

  Tensor operator()(const Run& run) const {
    const Scope scope(run, "attention");
    note(run, "x", "X", {"token", "feature"}, x);
    const Tensor q = split_heads(run, linear(run, x, w_q), heads);  // (H,n,d_k)
    note(run, "q", "Q = X W_Q", {"head", "query", "feature"}, q);
    const Tensor k = split_heads(run, linear(run, x, w_k), heads);  // (H,n,d_k)
    note(run, "k", "K = X W_K", {"head", "key", "feature"}, k);
    const Tensor v = split_heads(run, linear(run, x, w_v), heads);  // (H,n,d_k)
    note(run, "v", "V = X W_V", {"head", "key", "feature"}, v);
    const double c = 1 / std::sqrt(static_cast<double>(d / heads));
    const Tensor s = matmul_nt(run, q, k, c);  // (H,n,n)
    note(run, "scores", "S = Q K^T / sqrt(d_k)", {"head", "query", "key"}, s);
    const Tensor a = softmax(run, s, mask);
    note(run, "weights", "A = softmax(S + M)", {"head", "query", "key"}, a);
    const Tensor o = matmul(run, a, v);  // (H,n,d_k)
    note(run, "context", "O = A V", {"head", "query", "feature"}, o);
    const Tensor y = linear(run, merge_heads(run, o), w_o);  // (n,d)
    note(run, "y", "Y = O W_O", {"query", "feature"}, y);
    return y;
  }
};

}  // namespace attn
