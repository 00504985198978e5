// One row per op with a gradient: its name, and how to draw a case of it. A new op adds a row.
#include <limits>

#include "attn/ops/ops.h"
#include "check.h"

namespace attn::gradient {

namespace {

/// A whole sequence, the hidden state of every step; x (...,T,d) and the four parameters.
Case recurrent_case(Dice& d, Cell cell, bool one_sentence) {
  const std::size_t batch = d.below(3) + 1, time = d.size(), in = d.size(), h = d.size();
  const std::size_t width = gates_of(cell) * h;
  const Shape shape = one_sentence ? Shape{time, in} : Shape{batch, time, in};
  const bool reversed = d.below(2) == 1;
  return Case{{d.normal(shape), d.normal({in, width}), d.normal({h, width}, 0.7), d.normal({width}),
               d.normal({width})},
              [=](const Run& run, const Inputs& x) {
                return recurrent(run, cell, x[0], {x[1], x[2], x[3], x[4]}, reversed).hidden;
              }};
}

/// The same from given states; the result is every hidden state and, below, the last state (of an
/// lstm also its cell).
Case recurrent_from_states(Dice& d, Cell cell, bool one_sentence) {
  const Case plain = recurrent_case(d, cell, one_sentence);
  const Shape shape = plain.inputs[0].shape();
  const std::size_t h = plain.inputs[2].shape()[0];
  const Shape state = one_sentence ? Shape{h} : Shape{shape[0], h};
  const Shape row = one_sentence ? Shape{1, h} : Shape{shape[0], 1, h};
  const bool reversed = d.below(2) == 1;
  Inputs inputs = plain.inputs;
  inputs.push_back(d.normal(state));
  if (cell == Cell::lstm) inputs.push_back(d.normal(state));
  return Case{inputs, [=](const Run& run, const Inputs& x) {
                const RecurrentState initial{x[5], cell == Cell::lstm ? x[6] : Tensor()};
                const RecurrentResult y =
                    recurrent(run, cell, x[0], {x[1], x[2], x[3], x[4]}, reversed, initial);
                const Tensor all = concat_rows(run, y.hidden, reshape(run, y.last.h, row));
                return y.last.c ? concat_rows(run, all, reshape(run, y.last.c, row)) : all;
              }};
}

/// Ids below `classes`, about every third one negative: not counted.
Tensor targets(Dice& d, const Shape& shape, std::size_t classes) {
  Array out = empty(shape);
  for (real& t : out) t = d.below(3) == 0 ? real{-1} : static_cast<real>(d.below(classes));
  return Tensor::ids(std::move(out));
}

}  // namespace

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"embed",
       [](Dice& d) {
         const std::size_t vocabulary = d.size();
         return Case{{d.normal({vocabulary, d.size()}), d.ids(d.size(), vocabulary)},
                     [](const Run& run, const Inputs& x) { return embed(run, x[0], x[1]); }};
       }},
      {"patches",
       [](Dice& d) {
         const std::size_t side = d.size();
         return Case{{d.normal({d.size(), d.size() * side, d.size() * side, d.size()})},
                     [=](const Run& run, const Inputs& x) { return patches(run, x[0], side); }};
       }},
      {"frames",  // overlapping, with a rest, or with gaps
       [](Dice& d) {
         const std::size_t window = d.size(), hop = d.size();
         return Case{
             {d.normal({window + d.size() * d.size()})},
             [=](const Run& run, const Inputs& x) { return frames(run, x[0], window, hop); }};
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
      {"multiply",  // one b for all rows
       [](Dice& d) {
         const std::size_t n = d.size(), width = d.size();
         return Case{{d.normal({d.size(), n, width}), d.normal({n, width})},
                     [](const Run& run, const Inputs& x) { return multiply(run, x[0], x[1]); }};
       }},
      {"multiply",  // one number for each row
       [](Dice& d) {
         const std::size_t b = d.size(), n = d.size();
         return Case{{d.normal({b, n, d.size()}), d.normal({b, n, 1})},
                     [](const Run& run, const Inputs& x) { return multiply(run, x[0], x[1]); }};
       }},
      {"multiply",  // one number for all
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()}), d.normal({})},
                     [](const Run& run, const Inputs& x) { return multiply(run, x[0], x[1]); }};
       }},
      {"multiply",  // a number by itself
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return multiply(run, x[0], x[0]); }};
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
      {"leaky_relu",
       [](Dice& d) {
         return Case{{d.away_from_zero({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return leaky_relu(run, x[0]); }};
       }},
      {"tanh",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return tanh(run, x[0]); }};
       }},
      {"sigmoid",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()}, 2)},
                     [](const Run& run, const Inputs& x) { return sigmoid(run, x[0]); }};
       }},
      {"gelu",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size()}, 2)},
                     [](const Run& run, const Inputs& x) { return gelu(run, x[0]); }};
       }},
      {"swish",
       [](Dice& d) {
         return Case{{d.normal({d.size(), 4 * d.size()}, 2)},
                     [](const Run& run, const Inputs& x) { return swish(run, x[0]); }};
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
      {"concat_rows",  // item by item
       [](Dice& d) {
         const std::size_t b = d.size(), h = d.size(), width = d.size();
         return Case{{d.normal({b, h, d.size(), width}), d.normal({b, h, d.size(), width})},
                     [](const Run& run, const Inputs& x) { return concat_rows(run, x[0], x[1]); }};
       }},
      {"slice_rows",  // of every item
       [](Dice& d) {
         const std::size_t n = d.size(), begin = d.below(n), end = begin + 1 + d.below(n - begin);
         return Case{
             {d.normal({d.size(), d.size(), n, d.size()})},
             [=](const Run& run, const Inputs& x) { return slice_rows(run, x[0], begin, end); }};
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
      {"additive_scores",  // item by item
       [](Dice& d) {
         const std::size_t a = d.size(), b = d.size(), h = d.size();
         return Case{{d.normal({b, h, d.size(), a}), d.normal({b, h, d.size(), a}), d.normal({a})},
                     [](const Run& run, const Inputs& x) {
                       return additive_scores(run, x[0], x[1], x[2]);
                     }};
       }},
      {"edge_scores",
       [](Dice& d) {
         const std::size_t width = d.size();
         return Case{{d.normal({d.size(), width}), d.normal({2 * width})},
                     [](const Run& run, const Inputs& x) { return edge_scores(run, x[0], x[1]); }};
       }},
      {"edge_scores",  // graph by graph
       [](Dice& d) {
         const std::size_t width = d.size();
         return Case{{d.normal({d.size(), d.size(), width}), d.normal({2 * width})},
                     [](const Run& run, const Inputs& x) { return edge_scores(run, x[0], x[1]); }};
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
      {"gaussian",
       [](Dice& d) {
         const std::size_t b = d.size(), n = d.size();
         return Case{
             {d.normal({b, n, d.size()}), d.normal({b, n, 1}, 2)},
             [](const Run& run, const Inputs& x) { return gaussian(run, x[0], x[1], 1.5); }};
       }},
      {"recurrent", [](Dice& d) { return recurrent_case(d, Cell::rnn, false); }},
      {"recurrent", [](Dice& d) { return recurrent_case(d, Cell::lstm, false); }},
      {"recurrent", [](Dice& d) { return recurrent_case(d, Cell::gru, false); }},
      {"recurrent", [](Dice& d) { return recurrent_case(d, Cell::rnn, true); }},
      {"recurrent", [](Dice& d) { return recurrent_case(d, Cell::lstm, true); }},
      {"recurrent", [](Dice& d) { return recurrent_case(d, Cell::gru, true); }},
      {"recurrent", [](Dice& d) { return recurrent_from_states(d, Cell::rnn, false); }},
      {"recurrent", [](Dice& d) { return recurrent_from_states(d, Cell::lstm, false); }},
      {"recurrent", [](Dice& d) { return recurrent_from_states(d, Cell::gru, false); }},
      {"recurrent", [](Dice& d) { return recurrent_from_states(d, Cell::rnn, true); }},
      {"recurrent", [](Dice& d) { return recurrent_from_states(d, Cell::lstm, true); }},
      {"recurrent", [](Dice& d) { return recurrent_from_states(d, Cell::gru, true); }},
      {"convolution",
       [](Dice& d) {
         const std::size_t kernel = d.below(4) + 1, in = d.size(), out = d.size(),
                           dilation = d.below(2) + 1;
         const bool causal = d.below(2) == 1;
         return Case{
             {d.normal({d.size(), d.size(), in}), d.normal({kernel, in, out}), d.normal({out})},
             [=](const Run& run, const Inputs& x) {
               return convolution(run, x[0], x[1], x[2], dilation, causal);
             }};
       }},
      {"depthwise_convolution",
       [](Dice& d) {
         const std::size_t c = d.size();
         return Case{
             {d.normal({d.size(), d.size(), c}), d.normal({d.below(5) + 1, c}), d.normal({c})},
             [](const Run& run, const Inputs& x) {
               return depthwise_convolution(run, x[0], x[1], x[2]);
             }};
       }},
      {"convolution_2d",
       [](Dice& d) {
         const std::size_t in = d.size(), out = d.size(), stride = d.below(2) + 1;
         return Case{{d.normal({d.size(), d.size(), d.size(), in}),
                      d.normal({d.below(5) + 1, d.below(5) + 1, in, out}), d.normal({out})},
                     [=](const Run& run, const Inputs& x) {
                       return convolution_2d(run, x[0], x[1], x[2], stride);
                     }};
       }},
      {"convolution_2d",  // one picture, without b
       [](Dice& d) {
         const std::size_t in = d.size();
         return Case{
             {d.normal({d.size(), d.size(), in}), d.normal({3, 3, in, d.size()})},
             [](const Run& run, const Inputs& x) { return convolution_2d(run, x[0], x[1]); }};
       }},
      {"layer_norm",
       [](Dice& d) {
         const std::size_t width = 3 * d.size();
         return Case{
             {d.normal({d.size(), d.size(), width}), d.normal({width}), d.normal({width})},
             [](const Run& run, const Inputs& x) { return layer_norm(run, x[0], x[1], x[2]); }};
       }},
      {"layer_norm",  // wider than a register, a larger eps
       [](Dice& d) {
         const std::size_t width = 10 + d.size();
         return Case{{d.normal({d.size(), width}), d.normal({width}), d.normal({width})},
                     [](const Run& run, const Inputs& x) {
                       return layer_norm(run, x[0], x[1], x[2], 0.1);
                     }};
       }},
      {"row_mean",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return row_mean(run, x[0]); }};
       }},
      {"row_max",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return row_max(run, x[0]); }};
       }},
      {"row_variance",
       [](Dice& d) {
         return Case{{d.normal({d.size(), d.size(), d.size()})},
                     [](const Run& run, const Inputs& x) { return row_variance(run, x[0]); }};
       }},
      {"batch_norm",
       [](Dice& d) {
         const std::size_t width = d.size();
         return Case{
             {d.normal({3 * d.size(), d.size(), width}), d.normal({width}), d.normal({width})},
             [](const Run& run, const Inputs& x) { return batch_norm(run, x[0], x[1], x[2]); }};
       }},
      {"batch_norm",  // one row too, so that a variance is 0
       [](Dice& d) {
         const std::size_t width = d.size();
         return Case{{d.normal({d.size(), width}), d.normal({width}), d.normal({width})},
                     [](const Run& run, const Inputs& x) {
                       return batch_norm(run, x[0], x[1], x[2], 0.1);
                     }};
       }},
      {"halting_weights",
       [](Dice& d) {
         return Case{{d.positive({d.size(), 2 * d.size()})}, [](const Run& run, const Inputs& x) {
                       return halting_weights(run, scale(run, x[0], 0.3), 0.99);
                     }};
       }},
      {"dropout",  // the same stream, so the same numbers dropped, each time
       [](Dice& d) {
         const std::uint64_t seed = d.below(1000);
         return Case{{d.normal({d.size(), d.size()})}, [=](const Run& run, const Inputs& x) {
                       Rng rng(seed);
                       return dropout(Run{.tape = run.tape, .trace = run.trace, .rng = &rng}, x[0],
                                      0.4);
                     }};
       }},
      {"cross_entropy",
       [](Dice& d) {
         const std::size_t n = d.size(), v = d.size();
         const Tensor t = targets(d, {n}, v);
         return Case{{d.normal({n, v}, 2)},
                     [=](const Run& run, const Inputs& x) { return cross_entropy(run, x[0], t); }};
       }},
      {"cross_entropy",  // smoothed, more axes
       [](Dice& d) {
         const std::size_t b = d.size(), n = d.size(), v = 4 * d.size();
         const Tensor t = targets(d, {b, n}, v);
         return Case{{d.normal({b, n, v}, 2)}, [=](const Run& run, const Inputs& x) {
                       return cross_entropy(run, x[0], t, 0.1);
                     }};
       }},
      {"squared_error",
       [](Dice& d) {
         const Shape shape{d.size(), d.size()};
         Array t = d.rng().normal(shape, 1);
         for (real& number : t) {
           if (d.below(4) == 0) number = std::numeric_limits<real>::quiet_NaN();
         }
         return Case{{d.normal(shape)},
                     [t = Tensor(std::move(t))](const Run& run, const Inputs& x) {
                       return squared_error(run, x[0], t);
                     }};
       }},
  };
  return rows;
}

}  // namespace attn::gradient
