#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/nn/parameters.h"

namespace attn {

/// The ways to say how well a query and a key fit.
enum class ScoreKind { dot, scaled, general, lowrank, additive, concat, cosine };

struct ScoreFunction {
  ScoreKind kind;
  const char* name;     ///< "dot"
  const char* formula;  ///< "s = q . k"
  bool equal_widths;    ///< takes queries and keys of one width alone
};

/// dot, scaled, general, lowrank, additive, concat, cosine: in the order in which they are taught.
const std::vector<ScoreFunction>& score_functions();
/// True for those that take queries and keys of one width alone: dot, scaled and cosine.
bool needs_equal_widths(std::string_view name);

struct ScoreSizes {
  std::size_t rank = 2;    ///< r of lowrank
  std::size_t hidden = 8;  ///< a of additive and concat
};

/// One score function with its parameters.
///   dot q.k                Luong et al. 2015, equation 8
///   scaled q.k / sqrt(d)   Vaswani et al. 2017, equation 1
///   general q W k^T        Luong et al. 2015, equation 8
///   lowrank (q U)(k V)^T   Kim et al. 2017, "Hadamard product for low-rank bilinear pooling"
///   additive v.tanh(q W_q + k W_k)   Bahdanau et al. 2015, A.1.2
///   concat v.tanh([q;k] W)           Luong et al. 2015, equation 8
///   cosine q.k / (|q||k|)            Graves et al. 2014, "Neural Turing machines", equation 6
class Scorer {
 public:
  Scorer() = default;
  /// For queries (...,n_q,d_q) and keys (...,n_k,d_k). Parameters are drawn as AT + "NAME.w" and so
  /// on. Throws Error(usage) if there is no such function.
  Scorer(std::string_view name, std::size_t d_q, std::size_t d_k, const ScoreSizes& sizes,
         Parameters& parameters, std::string_view at = "");

  /// What can be done for the keys once, whoever asks (k W_k of additive). k (...,n_k,d_k).
  Tensor keys(const Run& run, const Tensor& k) const;
  /// The scores of every query with every key, from what keys() gave. q (...,n_q,d_q)
  /// -> (...,n_q,n_k). Throws Error(bad_input) if the widths do not fit.
  Tensor operator()(const Run& run, const Tensor& q, const Tensor& keys) const;

  const char* formula() const { return function_->formula; }
  /// Notes the parameters under "NAME.".
  void note_parameters(const Run& run) const;
  /// By path behind AT: "general.w".
  std::vector<std::pair<std::string, Tensor>> parameters() const;

 private:
  struct Parameter {
    const char* path;
    const char* formula;
    std::vector<std::string> axes;
    Tensor value;
  };
  const Tensor& value(std::string_view path) const;

  const ScoreFunction* function_ = nullptr;
  std::size_t d_q_ = 0, d_k_ = 0;
  std::vector<Parameter> parameters_;
};

/// Scores of every query with every key. q (...,n_q,d_q), k (...,n_k,d_k) -> (...,n_q,n_k). Only
/// general, lowrank, additive and concat take different widths; the others throw Error(bad_input).
/// Parameters and scores are noted and drawn under "NAME."; see Scorer.
Tensor scores(const Run& run, std::string_view name, const Tensor& q, const Tensor& k,
              const ScoreSizes& sizes, Parameters& parameters);

}  // namespace attn
