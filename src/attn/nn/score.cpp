#include "attn/nn/score.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

bool needs_equal_widths(std::string_view name) {
  return name == "dot" || name == "scaled" || name == "cosine";
}

Scorer::Scorer(std::string_view name, std::size_t d_q, std::size_t d_k, const ScoreSizes& sizes,
               Parameters& parameters, std::string_view at)
    : name_(name), d_q_(d_q), d_k_(d_k) {
  const std::size_t r = sizes.rank, a = sizes.hidden;
  formula();  // throws if there is no such function
  const auto draw = [&](const char* path, const char* what, const Shape& shape,
                        std::vector<std::string> axes) {
    // The usual deviation 1/sqrt(rows) keeps numbers of about 1 at about 1.
    const double deviation = 1 / std::sqrt(static_cast<double>(shape[0]));
    parameters_.push_back(
        {path, what, std::move(axes),
         parameters.get(fmt::format("{}{}.{}", at, name, path), shape, deviation)});
  };
  if (name == "general") {
    draw("w", "W", {d_q, d_k}, {"d_q", "d_k"});
  } else if (name == "lowrank") {
    draw("u", "U", {d_q, r}, {"d", "r"});
    draw("v", "V", {d_k, r}, {"d", "r"});
  } else if (name == "additive") {
    draw("w_q", "W_q", {d_q, a}, {"d", "a"});
    draw("w_k", "W_k", {d_k, a}, {"d", "a"});
    draw("v", "v", {a}, {"a"});
  } else if (name == "concat") {
    draw("w", "W", {d_q + d_k, a}, {"2d", "a"});
    draw("v", "v", {a}, {"a"});
  }
}

const char* Scorer::formula() const {
  for (const ScoreFunction& f : score_functions()) {
    if (f.name == name_) return f.formula;
  }
  std::vector<std::string> names;
  for (const ScoreFunction& f : score_functions()) names.emplace_back(f.name);
  throw Error(ErrorKind::usage, fmt::format("no score function {}", escaped(name_)),
              fmt::format("possible: {}", fmt::join(names, ", ")));
}

const Tensor& Scorer::value(std::string_view path) const {
  for (const Parameter& p : parameters_) {
    if (p.path == path) return p.value;
  }
  throw Error(ErrorKind::internal, fmt::format("{} has no parameter {}", name_, path));
}

std::vector<std::pair<std::string, Tensor>> Scorer::parameters() const {
  std::vector<std::pair<std::string, Tensor>> out;
  for (const Parameter& p : parameters_)
    out.emplace_back(fmt::format("{}.{}", name_, p.path), p.value);
  return out;
}

void Scorer::note_parameters(const Run& run) const {
  if (!run.trace) return;
  const Scope scope(run, name_);
  for (const Parameter& p : parameters_) run.trace->add(p.path, p.formula, p.axes, p.value);
}

Tensor Scorer::keys(const Run& run, const Tensor& k) const {
  if (name_ == "lowrank") return linear(run, k, value("v"));
  if (name_ == "additive") return linear(run, k, value("w_k"));
  // [q;k] W = q W[:d] + k W[d:], so no pair need be written out.
  if (name_ == "concat") return linear(run, k, slice_rows(run, value("w"), d_q_, d_q_ + d_k_));
  if (name_ == "cosine") return unit_rows(run, k);
  return k;
}

Tensor Scorer::operator()(const Run& run, const Tensor& q, const Tensor& keys) const {
  if (name_ == "dot") return matmul_nt(run, q, keys);
  if (name_ == "scaled")
    return matmul_nt(run, q, keys, 1 / std::sqrt(static_cast<double>(q.shape().back())));
  if (name_ == "general") return matmul_nt(run, linear(run, q, value("w")), keys);
  if (name_ == "lowrank") return matmul_nt(run, linear(run, q, value("u")), keys);
  if (name_ == "additive")
    return additive_scores(run, linear(run, q, value("w_q")), keys, value("v"));
  if (name_ == "concat") {
    const Tensor upper = slice_rows(run, value("w"), 0, d_q_);
    return additive_scores(run, linear(run, q, upper), keys, value("v"));
  }
  return matmul_nt(run, unit_rows(run, q), keys);  // cosine
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
