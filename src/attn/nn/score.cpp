#include "attn/nn/score.h"

#include <fmt/format.h>

#include <cmath>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

const std::vector<ScoreFunction>& score_functions() {
  static const std::vector<ScoreFunction> all = {
      {"dot", "s = q . k"},
      {"scaled", "s = q . k / sqrt(d)"},
      {"general", "s = q W k^T"},
      {"lowrank", "s = (q U)(k V)^T"},
      {"additive", "s = v . tanh(q W_q + k W_k)"},
      {"concat", "s = v . tanh([q;k] W)"},
      {"cosine", "s = q . k / (|q| |k|)"},
  };
  return all;
}

Tensor scores(const Run& run, std::string_view name, const Tensor& q, const Tensor& k,
              const ScoreSizes& sizes, Parameters& parameters) {
  const std::size_t d_q = q.shape().back(), d_k = k.shape().back();
  const std::size_t r = sizes.rank, a = sizes.hidden;
  const Scope scope(run, name);
  // The usual deviation 1/sqrt(rows) keeps numbers of about 1 at about 1.
  const auto parameter = [&](const char* path, const char* formula, const Shape& shape,
                             std::initializer_list<const char*> axes) {
    const double deviation = 1 / std::sqrt(static_cast<double>(shape[0]));
    const Tensor p = parameters.get(fmt::format("{}.{}", name, path), shape, deviation);
    note(run, path, formula, axes, p);
    return p;
  };
  Tensor result;
  if (name == "dot") {
    result = matmul_nt(run, q, k);
  } else if (name == "scaled") {
    result = matmul_nt(run, q, k, 1 / std::sqrt(static_cast<double>(d_q)));
  } else if (name == "general") {
    const Tensor w = parameter("w", "W", {d_q, d_k}, {"d_q", "d_k"});
    result = matmul_nt(run, linear(run, q, w), k);
  } else if (name == "lowrank") {
    const Tensor u = parameter("u", "U", {d_q, r}, {"d", "r"});
    const Tensor v = parameter("v", "V", {d_k, r}, {"d", "r"});
    result = matmul_nt(run, linear(run, q, u), linear(run, k, v));
  } else if (name == "additive") {
    const Tensor w_q = parameter("w_q", "W_q", {d_q, a}, {"d", "a"});
    const Tensor w_k = parameter("w_k", "W_k", {d_k, a}, {"d", "a"});
    const Tensor v = parameter("v", "v", {a}, {"a"});
    result = additive_scores(run, linear(run, q, w_q), linear(run, k, w_k), v);
  } else if (name == "concat") {
    // [q;k] W = q W[:d] + k W[d:], so no pair need be written out.
    const Tensor w = parameter("w", "W", {d_q + d_k, a}, {"2d", "a"});
    const Tensor v = parameter("v", "v", {a}, {"a"});
    result = additive_scores(run, linear(run, q, slice_rows(run, w, 0, d_q)),
                             linear(run, k, slice_rows(run, w, d_q, d_q + d_k)), v);
  } else if (name == "cosine") {
    result = matmul_nt(run, unit_rows(run, q), unit_rows(run, k));
  } else {
    throw Error(ErrorKind::internal, fmt::format("no score function {}", name));
  }
  for (const ScoreFunction& f : score_functions()) {
    if (f.name == name) note(run, "scores", f.formula, {"query", "key"}, result);
  }
  return result;  // (n_q,n_k)
}

}  // namespace attn
