// One row per op with a gradient: its name, and how to draw a case of it. A new op adds a row.
#include "attn/ops/ops.h"
#include "check.h"

namespace attn::gradient {

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"embed",
       [](Dice& d) {
         const std::size_t vocabulary = d.size();
         return Case{{d.normal({vocabulary, d.size()}), d.ids(d.size(), vocabulary)},
                     [](const Run& run, const Inputs& x) { return embed(run, x[0], x[1]); }};
       }},
      {"linear",
       [](Dice& d) {
         const std::size_t in = d.size(), out = d.size();
         return Case{{d.normal({d.size(), d.size(), in}), d.normal({in, out}), d.normal({out})},
                     [](const Run& run, const Inputs& x) { return linear(run, x[0], x[1], x[2]); }};
       }},
      {"linear",  // without b
       [](Dice& d) {
         const std::size_t in = d.size();
         return Case{{d.normal({in}), d.normal({in, d.size()})},
                     [](const Run& run, const Inputs& x) { return linear(run, x[0], x[1]); }};
       }},
      {"matmul",
       [](Dice& d) {
         const std::size_t b = d.size(), h = d.size(), k = d.size();
         return Case{{d.normal({b, h, d.size(), k}), d.normal({b, h, k, d.size()})},
                     [](const Run& run, const Inputs& x) { return matmul(run, x[0], x[1]); }};
       }},
      {"matmul",  // one b for the whole batch
       [](Dice& d) {
         const std::size_t k = d.size();
         return Case{{d.normal({d.size(), d.size(), k}), d.normal({k, d.size()})},
                     [](const Run& run, const Inputs& x) { return matmul(run, x[0], x[1]); }};
       }},
      {"matmul_nt",
       [](Dice& d) {
         const std::size_t b = d.size(), h = d.size(), k = d.size();
         return Case{
             {d.normal({b, h, d.size(), k}), d.normal({b, h, d.size(), k})},
             [](const Run& run, const Inputs& x) { return matmul_nt(run, x[0], x[1], 0.37); }};
       }},
      {"matmul_nt",  // every row with every row of the same matrix
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return matmul_nt(run, x[0], x[0]); }};
       }},
      {"add",
       [](Dice& d) {
         const std::size_t n = d.size(), width = d.size();
         return Case{{d.normal({d.size(), n, width}), d.normal({n, width})},
                     [](const Run& run, const Inputs& x) { return add(run, x[0], x[1]); }};
       }},
      {"add",  // a number to itself
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return add(run, x[0], x[0]); }};
       }},
      {"scale",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return scale(run, x[0], -2.5); }};
       }},
      {"relu",
       [](Dice& d) {
         return Case{{d.away_from_zero({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return relu(run, x[0]); }};
       }},
      {"split_heads",
       [](Dice& d) {
         const std::size_t heads = d.size();
         return Case{
             {d.normal({d.size(), d.size(), heads * d.size()})},
             [=](const Run& run, const Inputs& x) { return split_heads(run, x[0], heads); }};
       }},
      {"merge_heads",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return merge_heads(run, x[0]); }};
       }},
      {"reshape",
       [](Dice& d) {
         const std::size_t p = d.size(), q = d.size(), r = d.size();
         return Case{{d.normal({p, q, r})}, [=](const Run& run, const Inputs& x) {
                       return reshape(run, x[0], {r, q * p});
                     }};
       }},
      {"transpose",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return transpose(run, x[0]); }};
       }},
      {"concat_columns",
       [](Dice& d) {
         const std::size_t b = d.size(), n = d.size();
         return Case{
             {d.normal({b, n, d.size()}), d.normal({b, n, d.size()})},
             [](const Run& run, const Inputs& x) { return concat_columns(run, x[0], x[1]); }};
       }},
      {"concat_rows",
       [](Dice& d) {
         const std::size_t width = d.size();
         return Case{{d.normal({d.size(), width}), d.normal({d.size(), width})},
                     [](const Run& run, const Inputs& x) { return concat_rows(run, x[0], x[1]); }};
       }},
      {"slice_rows",
       [](Dice& d) {
         const std::size_t n = d.size(), begin = d.below(n), end = begin + 1 + d.below(n - begin);
         return Case{{d.normal({n, d.size()})}, [=](const Run& run, const Inputs& x) {
                       return slice_rows(run, x[0], begin, end);
                     }};
       }},
      {"slice_columns",
       [](Dice& d) {
         const std::size_t n = d.size(), begin = d.below(n), end = begin + 1 + d.below(n - begin);
         return Case{{d.normal({d.size(), d.size(), n})}, [=](const Run& run, const Inputs& x) {
                       return slice_columns(run, x[0], begin, end);
                     }};
       }},
      {"rotary",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), 2 * d.size()})},
                     [](const Run& run, const Inputs& x) { return rotary(run, x[0]); }};
       }},
      {"additive_scores",
       [](Dice& d) {
         const std::size_t a = d.size();
         return Case{{d.normal({d.size(), a}), d.normal({d.size(), a}), d.normal({a})},
                     [](const Run& run, const Inputs& x) {
                       return additive_scores(run, x[0], x[1], x[2]);
                     }};
       }},
      {"unit_rows",
       [](Dice& d) {
         return Case{{d.away_from_zero({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return unit_rows(run, x[0]); }};
       }},
      {"softmax",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), 3 * d.size()})},
                     [](const Run& run, const Inputs& x) { return softmax(run, x[0]); }};
       }},
      {"softmax",  // with a mask for all heads, some rows with nothing to look at
       [](Dice& d) {
         const std::size_t n = d.size(), m = d.size();
         return Case{{d.normal({d.size(), d.size(), n, m}), d.mask({n, m})},
                     [](const Run& run, const Inputs& x) { return softmax(run, x[0], x[1]); }};
       }},
      {"sparsemax",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return sparsemax(run, x[0]); }};
       }},
      {"renormalize",  // some rows with nothing kept
       [](Dice& d) {
         const std::size_t n = d.size(), m = d.size();
         return Case{{d.positive({d.size(), n, m}), d.zeros_and_ones({n, m})},
                     [](const Run& run, const Inputs& x) { return renormalize(run, x[0], x[1]); }};
       }},
  };
  return rows;
}

}  // namespace attn::gradient
