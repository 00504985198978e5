#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/nn/parameters.h"

namespace attn {

/// A way to say how well a query and a key fit.
struct ScoreFunction {
  const char* name;     ///< "dot"
  const char* formula;  ///< "s = q . k"
};

/// dot, scaled, general, lowrank, additive, concat, cosine: in the order in which they are taught.
const std::vector<ScoreFunction>& score_functions();

struct ScoreSizes {
  std::size_t rank = 2;    ///< r of lowrank
  std::size_t hidden = 8;  ///< a of additive and concat
};

/// Scores of every query with every key. q (n_q,d_q), k (n_k,d_k) -> (n_q,n_k). Only general,
/// lowrank, additive and concat take different widths; the others throw Error(bad_input).
/// Parameters are noted and drawn under "NAME.".
///   dot q.k                Luong et al. 2015, equation 8
///   scaled q.k / sqrt(d)   Vaswani et al. 2017, equation 1
///   general q W k^T        Luong et al. 2015, equation 8
///   lowrank (q U)(k V)^T   Kim et al. 2017, "Hadamard product for low-rank bilinear pooling"
///   additive v.tanh(q W_q + k W_k)   Bahdanau et al. 2015, A.1.2
///   concat v.tanh([q;k] W)           Luong et al. 2015, equation 8
///   cosine q.k / (|q||k|)            Graves et al. 2014, "Neural Turing machines", equation 6
Tensor scores(const Run& run, std::string_view name, const Tensor& q, const Tensor& k,
              const ScoreSizes& sizes, Parameters& parameters);

}  // namespace attn
