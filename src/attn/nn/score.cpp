#include "attn/nn/score.h"

#include <fmt/format.h>

#include <cmath>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

const std::vector<ScoreFunction>& score_functions() {
  static const std::vector<ScoreFunction> all = {
      {ScoreKind::dot, "dot", "s = q . k", true},
      {ScoreKind::scaled, "scaled", "s = q . k / sqrt(d)", true},
      {ScoreKind::general, "general", "s = q W k^T", false},
      {ScoreKind::lowrank, "lowrank", "s = (q U)(k V)^T", false},
      {ScoreKind::additive, "additive", "s = v . tanh(q W_q + k W_k)", false},
      {ScoreKind::concat, "concat", "s = v . tanh([q;k] W)", false},
      {ScoreKind::cosine, "cosine", "s = q . k / (|q| |k|)", true},
  };
  return all;
}

namespace {

const ScoreFunction& score_function(std::string_view name) {
  for (const ScoreFunction& f : score_functions()) {
    if (f.name == name) return f;
  }
  std::vector<std::string> names;
  for (const ScoreFunction& f : score_functions()) names.emplace_back(f.name);
  throw Error(ErrorKind::usage, fmt::format("no score function {}", escaped(name)),
              fmt::format("possible: {}", joined(names, ", ")));
}

}  // namespace

bool needs_equal_widths(std::string_view name) { return score_function(name).equal_widths; }

Scorer::Scorer(std::string_view name, std::size_t d_q, std::size_t d_k, const ScoreSizes& sizes,
               Parameters& parameters, std::string_view at)
    : function_(&score_function(name)), d_q_(d_q), d_k_(d_k) {
  const std::size_t r = sizes.rank, a = sizes.hidden;
  const auto draw = [&](const char* path, const char* what, const Shape& shape,
                        std::vector<std::string> axes) {
    // The usual deviation 1/sqrt(rows) keeps numbers of about 1 at about 1.
    const double deviation = 1 / std::sqrt(static_cast<double>(shape[0]));
    parameters_.push_back(
        {path, what, std::move(axes),
         parameters.get(fmt::format("{}{}.{}", at, name, path), shape, deviation)});
  };
  switch (function_->kind) {
    case ScoreKind::general:
      draw("w", "W", {d_q, d_k}, {"d_q", "d_k"});
      break;
    case ScoreKind::lowrank:
      draw("u", "U", {d_q, r}, {"d", "r"});
      draw("v", "V", {d_k, r}, {"d", "r"});
      break;
    case ScoreKind::additive:
      draw("w_q", "W_q", {d_q, a}, {"d", "a"});
      draw("w_k", "W_k", {d_k, a}, {"d", "a"});
      draw("v", "v", {a}, {"a"});
      break;
    case ScoreKind::concat:
      draw("w", "W", {d_q + d_k, a}, {"2d", "a"});
      draw("v", "v", {a}, {"a"});
      break;
    default:
      break;  // the others have none
  }
}

const Tensor& Scorer::value(std::string_view path) const {
  for (const Parameter& p : parameters_) {
    if (p.path == path) return p.value;
  }
  throw Error(ErrorKind::internal, fmt::format("{} has no parameter {}", function_->name, path));
}

std::vector<std::pair<std::string, Tensor>> Scorer::parameters() const {
  std::vector<std::pair<std::string, Tensor>> out;
  for (const Parameter& p : parameters_)
    out.emplace_back(fmt::format("{}.{}", function_->name, p.path), p.value);
  return out;
}

void Scorer::note_parameters(const Run& run) const {
  if (!run.trace) return;
  const Scope scope(run, function_->name);
  for (const Parameter& p : parameters_) run.trace->add(p.path, p.formula, p.axes, p.value);
}

Tensor Scorer::keys(const Run& run, const Tensor& k) const {
  switch (function_->kind) {
    case ScoreKind::lowrank:
      return linear(run, k, value("v"));
    case ScoreKind::additive:
      return linear(run, k, value("w_k"));
    case ScoreKind::concat:  // [q;k] W = q W[:d] + k W[d:], so no pair need be written out
      return linear(run, k, slice_rows(run, value("w"), d_q_, d_q_ + d_k_));
    case ScoreKind::cosine:
      return unit_rows(run, k);
    default:
      return k;
  }
}

Tensor Scorer::operator()(const Run& run, const Tensor& q, const Tensor& keys) const {
  switch (function_->kind) {
    case ScoreKind::dot:
      break;
    case ScoreKind::scaled:
      return matmul_nt(run, q, keys, 1 / std::sqrt(static_cast<double>(q.shape().back())));
    case ScoreKind::general:
      return matmul_nt(run, linear(run, q, value("w")), keys);
    case ScoreKind::lowrank:
      return matmul_nt(run, linear(run, q, value("u")), keys);
    case ScoreKind::additive:
      return additive_scores(run, linear(run, q, value("w_q")), keys, value("v"));
    case ScoreKind::concat:
      return additive_scores(run, linear(run, q, slice_rows(run, value("w"), 0, d_q_)), keys,
                             value("v"));
    case ScoreKind::cosine:
      return matmul_nt(run, unit_rows(run, q), keys);
  }
  return matmul_nt(run, q, keys);
}

Tensor scores(const Run& run, std::string_view name, const Tensor& q, const Tensor& k,
              const ScoreSizes& sizes, Parameters& parameters) {
  const Scorer score(name, q.shape().back(), k.shape().back(), sizes, parameters);
  score.note_parameters(run);
  const Tensor result = score(run, q, score.keys(run, k));  // (...,n_q,n_k)
  const Scope scope(run, name);
  note(run, "scores", score.formula(), {"query", "key"}, result);
  return result;
}

}  // namespace attn
