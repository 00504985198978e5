#pragma once
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

/// PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(pos / 10000^(2i/d)), for positions
/// first .. first+n-1. -> (n,d). An odd d ends with a sine.
/// Vaswani et al. 2017, "Attention is all you need", section 3.5.
Array sinusoidal_positions(std::size_t n, std::size_t d, std::size_t first = 0);

/// The matrix M_k (d,d) with PE(pos + k) = M_k PE(pos) for every pos: d/2 turns of a pair by the
/// angle k / 10000^(2i/d). Throws Error(usage) if d is odd: the last sine has no partner.
Array shift_matrix(std::size_t d, std::size_t k);

/// The two above as steps of a trace, which can be asked why.
Tensor sinusoidal(const Run& run, std::size_t n, std::size_t d);
Tensor shift_by(const Run& run, std::size_t d, std::size_t k);

/// M_k found again from the table alone: the least-squares solution of P M^T = P_k over `n`
/// positions below 65536, in double. Throws Error(usage) if d is odd.
Array found_shift_matrix(std::size_t d, std::size_t k, std::size_t n);

/// The first n rows of a learned table (L,d). Throws Error(usage) with the first position that is
/// not there.
Tensor learned_positions(const Run& run, const Tensor& table, std::size_t n);

}  // namespace attn
