// Rows of ops_why.cpp: the ops that recurrent translators are made of.
#include "attn/ops/ops.h"
#include "small_attention.h"
#include "why_rows.h"

namespace attn::testing {

namespace {

using Size = std::function<std::size_t()>;

/// A recurrent layer over a batch that starts from given states, in both directions by turns.
RecurrentResult from_states(const Run& run, Rng& r, const Size& n, Cell cell) {
  const std::size_t b = n(), d = n(), h = n(), width = gates_of(cell) * h;
  const Tensor x = normal(r, {b, n(), d}), w_x = normal(r, {d, width}), w_h = normal(r, {h, width});
  const Tensor b_x = normal(r, {width}), b_h = normal(r, {width}), h_0 = normal(r, {b, h});
  const RecurrentState initial{h_0, cell == Cell::lstm ? normal(r, {b, h}) : Tensor()};
  return recurrent(run, cell, x, {w_x, w_h, b_x, b_h}, r.below(2) == 1, initial);
}

}  // namespace

std::vector<WhyRow> seq2seq_why_rows() {
  std::vector<WhyRow> rows = {
      {"tanh", true,
       [](const Run& run, Rng& r, Size n) {
         return tanh(run, normal(r, {n(), n()}));
       }},
      {"sigmoid", true,
       [](const Run& run, Rng& r, Size n) {
         return sigmoid(run, normal(r, {n(), n()}));
       }},
      {"gaussian", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t b = n(), m = n();
         const Tensor w = normal(r, {b, m, n()});
         return gaussian(run, w, normal(r, {b, m, 1}, 2), 1.5);
       }},
      {"concat_rows", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t b = n(), d = n();
         const Tensor a = normal(r, {b, n(), d});
         return concat_rows(run, a, normal(r, {b, n(), d}));
       }},
      {"slice_rows", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t m = n(), begin = r.below(m);
         return slice_rows(run, normal(r, {n(), m, n()}), begin, m);
       }},
      {"additive_scores", true,
       [](const Run& run, Rng& r, Size n) {
         const std::size_t b = n(), a = n();
         const Tensor q = normal(r, {b, n(), a}), k = normal(r, {b, n(), a});
         return additive_scores(run, q, k, normal(r, {a}));
       }},
      {"last_cell", true,
       [](const Run& run, Rng& r, Size n) { return from_states(run, r, n, Cell::lstm).last.c; }},
      {"cell", true,
       [](const Run& run, Rng& r, Size n) { return from_states(run, r, n, Cell::lstm).cell; }},
  };
  for (const Cell cell : {Cell::rnn, Cell::lstm, Cell::gru}) {
    rows.push_back({"recurrent", true, [cell](const Run& run, Rng& r, Size n) {
                      return from_states(run, r, n, cell).hidden;
                    }});
    rows.push_back({"gates", true, [cell](const Run& run, Rng& r, Size n) {
                      return from_states(run, r, n, cell).gates;
                    }});
    rows.push_back({"last_hidden", true, [cell](const Run& run, Rng& r, Size n) {
                      return from_states(run, r, n, cell).last.h;
                    }});
  }
  return rows;
}

}  // namespace attn::testing
