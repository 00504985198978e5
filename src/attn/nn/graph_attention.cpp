#include "attn/nn/graph_attention.h"

#include <limits>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

Tensor graph_attention(const Run& run, const Tensor& x, const GraphAttentionParameters& p,
                       const Tensor& mask) {
  note(run, "x", "X: one row per node", {"node", "d"}, x);
  note(run, "w", "W", {"d", "d'"}, p.w);
  const Tensor h = linear(run, x, p.w);  // (n,d')
  note(run, "h", "H = X W", {"node", "d'"}, h);
  note(run, "a", "a: for the one who looks, then for the one looked at", {"2d'"}, p.a);
  const Tensor scores = leaky_relu(run, edge_scores(run, h, p.a), 0.2);  // (n,n)
  note(run, "scores", "S = LeakyReLU(a . [h_i; h_j])", {"query", "key"}, scores);
  note(run, "mask", "M: 0 along an edge and for oneself, -inf elsewhere", {"query", "key"}, mask);
  const Tensor weights = softmax(run, scores, mask);  // (n,n)
  note(run, "weights", "A = softmax(S + M), along the edges", {"query", "key"}, weights);
  const Tensor output = matmul(run, weights, h);  // (n,d')
  note(run, "output", "O = A H", {"node", "d'"}, output);
  return output;
}

}  // namespace attn
