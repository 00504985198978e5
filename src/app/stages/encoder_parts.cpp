#include "app/stages/encoder_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"

namespace attn::app {

Tensor Encoder::forward(const Run& run, const Tensor& x, const BlockOptions& o) const {
  const auto block = [&](const Tensor& h, std::size_t l) {
    return encode(run, h, layers[shared ? 0 : l], l, o, mask);
  };
  Tensor h = x;
  if (halt) {
    h = adaptive_steps(run, x, halting, block, depth).output;
  } else {
    for (std::size_t l = 0; l < depth; ++l) h = block(h, l);
  }
  if (o.norm_first && o.norm) {
    const Scope scope(run, "final_norm");
    h = norm(run, h, final_norm, o.eps);
  }
  note(run, "output", halt ? "sum over the steps of weights x state" : "what the encoder gives",
       {"token", "d"}, h);
  return h;
}

void show_halting(Stage& s, const Encoder& e) {
  const Array &steps = s.trace.find("halting.steps")->values(),
              &weights = s.trace.find("halting.weights")->values();
  double worst = 0, total = 0;
  for (std::size_t i = 0; i < rows(weights); ++i) {
    double sum = -1;
    for (const real w : row(weights, i)) sum += w;
    worst = std::max(worst, std::abs(sum));
    total += steps.data()[i];
  }
  s.trace.check("the weights of every position sum to 1", worst, 1e-6);
  s.trace.say(
      fmt::format("Threshold 0.99: {} took {} in all, {:.2f} on average; the block ran {}, "
                  "at most {} are allowed.",
                  how_many(rows(weights), "position"), how_many(std::lround(total), "step"),
                  total / double(rows(weights)), how_many(columns(weights), "time"), e.depth));
  s.trace.say(
      "A training adds the sum of `ponder` to its loss, with a small factor. N is a whole number "
      "and gives no gradient, but R does: more probability early makes the remainder smaller.");
}

namespace {

double root_mean_square(const Array& a) {
  double sum = 0;
  for (const real value : a) sum += double{value} * value;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(a.size(), 1)));
}

/// The mean over layers, heads and queries of the largest weight of a row.
double mean_largest_weight(const Encoder& e, const Tensor& x, const BlockOptions& o) {
  Trace trace;
  e.forward(Run{.trace = &trace}, x, o);
  double sum = 0;
  std::size_t count = 0;
  for (const Step* step : trace.steps()) {
    if (!matches("*attention.weights", step->path)) continue;
    for (std::size_t i = 0; i < rows(step->values()); ++i, ++count) {
      const auto r = row(step->values(), i);
      sum += *std::max_element(r.begin(), r.end());
    }
  }
  return sum / static_cast<double>(std::max<std::size_t>(count, 1));
}

Array reversed_rows(const Array& a) {
  Array out = a;
  const std::size_t n = rows(a), d = columns(a);
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(a.data() + i * d, d, out.data() + (n - 1 - i) * d);
  return out;
}

/// How far f(words in reverse order) is from f(words) in reverse order.
template <class Forward>
double order_matters(const Array& words, Forward f) {
  return largest_difference(f(Tensor(reversed_rows(words))).value(),
                            reversed_rows(f(Tensor(words)).value()));
}

std::vector<std::string> names(const TakenAway& without) {
  std::vector<std::string> out;
  if (without.residual) out.emplace_back("residual");
  if (without.norm) out.emplace_back("norm");
  if (without.scale) out.emplace_back("scale");
  if (without.position) out.emplace_back("position");
  return out;
}

/// Parameters of norms that the encoder without norms does not use, but the whole one does.
void note_unused_norms(Stage& s, const Encoder& e) {
  const auto both = [&](const std::string& at, const NormParameters& p) {
    note(s.run, at + ".gain", "gain", {"d"}, p.gain);
    note(s.run, at + ".bias", "bias", {"d"}, p.bias);
  };
  for (std::size_t l = 0; l < e.layers.size(); ++l) {
    both(fmt::format("layer.{}.norm1", l), e.layers[l].norm1);
    both(fmt::format("layer.{}.norm2", l), e.layers[l].norm2);
  }
  if (e.final_norm.gain) both("final_norm", e.final_norm);
}

/// The whole encoder's output as a step that says what it was computed from.
Tensor whole_output(Stage& s, const Encoder& e, const Tensor& x, const Tensor& whole_x) {
  const Tensor y = e.forward(Run{}, whole_x, e.options);
  NamedTensors parameters;
  for (const EncoderLayer& layer : e.layers) list_parameters(parameters, "", layer);
  std::vector<Tensor> inputs{x};
  for (const auto& [path, tensor] : parameters) inputs.push_back(tensor);
  for (const Tensor& t : {e.final_norm.gain, e.final_norm.bias, e.halting.w, e.halting.b}) {
    if (t) inputs.push_back(t);
  }
  if (e.mask) inputs.push_back(e.mask);
  s.trace.made(y, {"encoder", std::move(inputs), 0, [y](std::size_t i) {
                     return Reason{"all blocks with all their parts, computed beside the others",
                                   {std::string("computed by the whole encoder")},
                                   double{y.value().data()[i]}};
                   }});
  note(s.run, "whole.output", "the encoder with all its parts", {"token", "d"}, y);
  s.explain("whole.output", "The same weights, nothing taken away.");
  return y;
}

/// Which tokens moved how far. Not a step: a difference of near numbers keeps few digits.
void show_difference(Stage& s, const Array& output, const Array& whole, const std::string& parts) {
  constexpr std::size_t kRows = 20;
  Table table{"difference",
              fmt::format("Without {}: the largest |output - whole.output| of each token.", parts),
              {"token", "moves by"},
              {}};
  for (std::size_t i = 0; i < std::min(rows(output), kRows); ++i) {
    double largest = 0;
    for (std::size_t c = 0; c < columns(output); ++c)
      largest = std::max(largest, std::abs(double{row(output, i)[c]} - row(whole, i)[c]));
    table.rows.push_back(
        {i < s.trace.tokens.size() ? s.trace.tokens[i] : fmt::format("{}", i), largest});
  }
  s.trace.add(std::move(table));
  s.trace.say(fmt::format(
      "Without {}, the output moves by at most {:.3g}; the largest number of the whole one is "
      "{:.3g}.",
      parts, largest_difference(output, whole), largest_magnitude(whole)));
}

}  // namespace

void compare_with_whole(Stage& s, const Encoder& e, const TakenAway& without, const Tensor& x,
                        const Tensor& output) {
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  const auto placed = [&](const Tensor& words) {
    return without.position ? add(Run{}, words, Tensor(sinusoidal_positions(n, d))) : words;
  };
  if (without.norm) note_unused_norms(s, e);
  const Tensor whole_x = placed(x);
  const Tensor whole = whole_output(s, e, x, whole_x);
  show_difference(s, output.value(), whole.value(), joined(names(without), " and "));

  Table table{"parts",
              "One part taken away at a time: what changes, and a number that shows why.",
              {"without", "output moves by", "measured", "whole", "without it"},
              {}};
  const auto row_for = [&](const char* part, const Tensor& y, const char* measured, double before,
                           double after) {
    table.rows.push_back({std::string(part), double{largest_difference(y.value(), whole.value())},
                          std::string(measured), before, after});
  };
  std::vector<std::string> lessons;
  if (without.residual) {
    BlockOptions o = e.options;
    o.residual = false;
    const Tensor y = e.forward(Run{}, whole_x, o);
    const double before = likeness_of_rows(whole.value()), after = likeness_of_rows(y.value());
    row_for("residual", y, "likeness of different rows", before, after);
    if (n > 1)
      lessons.push_back(fmt::format(
          "Residual: the sums carry each token's own row past every part, and the gradient back "
          "the "
          "same way. Without them a row is only what attention mixed, and block by block the rows "
          "grow alike (Dong et al. 2021): the mean cosine between different rows is {:.3f} "
          "without, "
          "{:.3f} with the sums.",
          after, before));
  }
  if (without.norm) {
    BlockOptions o = e.options;
    o.norm = false;
    const Tensor y = e.forward(Run{}, whole_x, o);
    const double before = root_mean_square(whole.value()), after = root_mean_square(y.value());
    row_for("norm", y, "size of output (r.m.s.)", before, after);
    lessons.push_back(fmt::format(
        "Norm: it keeps the numbers at one size. The output's root mean square is {:.2f} with "
        "norms and {:.2f} without; every further block changes it again (try --layers 12).",
        before, after));
  }
  if (without.scale) {
    BlockOptions o = e.options;
    o.scaled = false;
    const Tensor y = e.forward(Run{}, whole_x, o);
    const double before = mean_largest_weight(e, whole_x, e.options),
                 after = mean_largest_weight(e, whole_x, o);
    row_for("scale", y, "largest weight of a row, mean", before, after);
    lessons.push_back(fmt::format(
        "Scale: without the division by sqrt(d_k) = {:.2f} scores are larger, and softmax makes "
        "the weights {}: the mean of the largest is {:.3f} in place of {:.3f}. Where one weight is "
        "near 1, hardly any gradient is left. The wider a head, the more (try --dim 256).",
        std::sqrt(double(d) / double(e.options.heads)), after > before ? "peaked" : "different",
        after, before));
  }
  if (without.position) {
    const auto bag = [&](const Tensor& words) { return e.forward(Run{}, words, e.options); };
    const auto order = [&](const Tensor& words) {
      return e.forward(Run{}, placed(words), e.options);
    };
    const Tensor y = bag(x);
    const double before = order_matters(x.value(), order), after = order_matters(x.value(), bag);
    row_for("position", y, "words in reverse: rows move by", before, after);
    if (!e.mask) {
      s.trace.check(
          "without positions, the words in reverse order give the same rows in reverse order",
          after, 1e-4 * std::max(double{largest_magnitude(y.value())}, 1e-30));
      lessons.push_back(fmt::format(
          "Position: without it the encoder sees a bag of words. Each word gets the same row "
          "wherever it stands; with positions, turning the sentence round moves rows by {:.2f}.",
          before));
    } else {
      lessons.emplace_back(
          "Position: the mask looks at places, so that even without positions the order of the "
          "words can matter.");
    }
  }
  s.trace.add(std::move(table));
  for (std::string& lesson : lessons) s.trace.say(std::move(lesson));
}

}  // namespace attn::app
