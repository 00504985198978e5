// Layer norm and batch norm on the same numbers.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/nn/encoder.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

/// The first k rows of x.
Tensor first_rows(const Tensor& x, std::size_t k) { return slice_rows(Run{}, x, 0, k); }

void layer_steps(Stage& s, const Tensor& x, const NormParameters& p) {
  const Scope scope(s.run, "layer_norm");
  note(s.run, "mean", "the mean of each row", {"token"}, row_mean(s.run, x));
  note(s.run, "variance", "mean of (x - mean)^2 of each row", {"token"}, row_variance(s.run, x));
  note(s.run, "output", "gain (x - mean) / sqrt(variance + 0.00001) + bias", {"token", "d"},
       layer_norm(s.run, x, p.gain, p.bias));
}

void batch_steps(Stage& s, const Tensor& x, const NormParameters& p) {
  const Scope scope(s.run, "batch_norm");
  const Tensor transposed = transpose(s.run, x);  // (d,n): a column becomes a row
  note(s.run, "mean", "the mean of each column", {"d"}, row_mean(s.run, transposed));
  note(s.run, "variance", "mean of (x - mean)^2 of each column", {"d"},
       row_variance(s.run, transposed));
  note(s.run, "output", "gain (x - mean) / sqrt(variance + 0.00001) + bias", {"token", "d"},
       batch_norm(s.run, x, p.gain, p.bias));
}

/// The formula in double, along the rows or down the columns. Not from the printed mean: it is
/// rounded, which shows in the result where the numbers lie far from 0, as years do.
Array by_formula(const Array& x, const NormParameters& p, bool by_row) {
  const std::size_t n = rows(x), d = columns(x);
  Array out = empty({n, d});
  for (std::size_t i = 0; i < n * d; ++i) {
    const std::size_t first = by_row ? i / d * d : i % d, step = by_row ? 1 : d,
                      count = by_row ? d : n;
    double mean = 0, variance = 0;
    for (std::size_t k = 0; k < count; ++k) mean += x.data()[first + k * step];
    mean /= double(count);
    for (std::size_t k = 0; k < count; ++k) {
      const double distance = x.data()[first + k * step] - mean;
      variance += distance * distance / double(count);
    }
    out.data()[i] = static_cast<real>(p.gain.value().data()[i % d] * (x.data()[i] - mean) /
                                          std::sqrt(variance + 1e-5) +
                                      p.bias.value().data()[i % d]);
  }
  return out;
}

/// What each kind makes of the first row when other rows are there, or not: `rows` of them.
void compare_lengths(Stage& s, const Tensor& x, const NormParameters& p) {
  const std::size_t n = x.shape()[0];
  Table table{"first_row",
              "The first token, normed in a text of its first k tokens. How far is it from the "
              "same token in the whole text?",
              {"tokens k", "layer norm", "batch norm"},
              {}};
  const Tensor layer = layer_norm(Run{}, x, p.gain, p.bias),
               batch = batch_norm(Run{}, x, p.gain, p.bias);
  double moved = 0;
  for (std::size_t k = 1; k <= n; ++k) {
    if (k > 4 && k != n && k != n - 1) continue;
    const auto distance = [&](const Tensor& part, const Tensor& whole) {
      return double{largest_difference(first_rows(part, 1).value(), first_rows(whole, 1).value())};
    };
    const double by_layer = distance(layer_norm(Run{}, first_rows(x, k), p.gain, p.bias), layer);
    table.rows.push_back({double(k), by_layer,
                          distance(batch_norm(Run{}, first_rows(x, k), p.gain, p.bias), batch)});
    moved = std::max(moved, by_layer);
  }
  s.trace.add(std::move(table));
  s.trace.check("layer norm gives the first token the same numbers in a text of any length", moved,
                0);
  const Array alone = batch_norm(Run{}, first_rows(x, 1), p.gain, p.bias).value();
  s.same("batch norm of one token alone gives the bias, whatever the token is",
         reshaped(alone, {columns(alone)}), p.bias.value());
}

void norm(Stage& s) {
  s.trace.title = "Layer norm and batch norm: along the rows, or down the columns";
  s.trace.result = "layer_norm.output";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  s.require_memory(sizeof(real) * 8.0 * double(n) * double(d),
                   fmt::format("norms of {} x {}", n, d));
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "Both norms read these numbers. Row i is the vector of token i.");
  const NormParameters p = norm_parameters(s.parameters, "", d);
  s.trace.restart_clock();
  note(s.run, "gain", "gain: 1 before training", {"d"}, p.gain);
  note(s.run, "bias", "bias: 0 before training", {"d"}, p.bias);
  layer_steps(s, x, p);
  s.explain("layer_norm.mean", "One number per token: it needs no other token.");
  s.explain("layer_norm.variance",
            "How far the numbers of a token lie from their mean. It is divided by d, not d-1.");
  s.explain("layer_norm.output",
            "With gain 1 and bias 0, every row has mean 0 and variance 1: no token is louder than "
            "another.");
  batch_steps(s, x, p);
  s.explain("batch_norm.mean", "One number per column: it needs all tokens of the batch.");
  s.explain("batch_norm.variance",
            "How far the numbers of a column lie from their mean, over all tokens.");
  s.explain("batch_norm.output",
            "With gain 1 and bias 0, every column has mean 0 and variance 1. A row may still be "
            "larger than another.");
  s.same("layer norm = the formula with the mean and variance of each row, in double",
         by_formula(x.value(), p, true), s.trace.find("layer_norm.output")->values());
  s.same("batch norm = the formula with the mean and variance of each column, in double",
         by_formula(x.value(), p, false), s.trace.find("batch_norm.output")->values());
  compare_lengths(s, x, p);
  s.trace.say(
      "Why text uses layer norm: sentences have different lengths, and a batch may be one "
      "sentence, or one word while it is written. Batch norm would then measure too few rows, or "
      "padding, and needs other numbers (running means) after training. Layer norm measures each "
      "token by itself, in training and after it alike.");
}

}  // namespace

Command norm_command() {
  return {.name = "norm",
          .kind = CommandKind::stage,
          .summary = "layer norm and batch norm on the same numbers",
          .example = "norm 'the animal was tired'",
          .setup = without_options(norm),
          .default_text = "the animal was tired"};
}

}  // namespace attn::app
