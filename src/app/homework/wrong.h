#pragma once
// What wrong ideas give, where several sheets ask the same.
#include "app/homework/worksheet.h"

namespace attn::app::homework {

/// Whole numbers low .. high, drawn evenly; `unit` 0.5 gives halves.
Array drawn(Rng& rng, const Shape& shape, int low, int high, double unit = 1);

/// The number as an index. Throws Error(bad_input) unless it is whole and below `end`: answers and
/// given files may hold anything.
std::size_t index_of(real number, std::size_t end);

/// f(number) for each.
template <class F>
Array mapped(const Array& a, F f) {
  Array out = a;
  for (real& number : out) number = static_cast<real>(f(static_cast<double>(number)));
  return out;
}

/// Q K^T / sqrt(d_k) done wrongly: not or wrongly scaled, or swapped. `model`: d_model, 0 if the
/// sheet has none. q (...,n,d_k), k (...,m,d_k).
void add_wrong_scores(Wrongs& to, const Tensor& q, const Tensor& k, std::size_t model);

/// softmax(s) done wrongly: down the columns, with one sum, scaled too late. mask may be empty.
void add_wrong_softmax(Wrongs& to, const Tensor& s, const Tensor& mask, std::size_t d_k);

/// softmax of s where `keep` (n,m) is 1. A row of which nothing is kept has no softmax; programs
/// write zeros, NaN or equal shares there, or the softmax of the raw scores (-1e9 added to a whole
/// row hides nothing of it): each possibility once.
std::vector<Array> kept_softmax(const Tensor& s, const Array& keep);

/// What is common to all masks, done wrongly: after the softmax, as a factor, inverted.
void add_wrong_mask(Wrongs& to, const Tensor& s, const Array& keep);

}  // namespace attn::app::homework
