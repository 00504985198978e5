#include "app/sequences/probe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "app/frame/heads.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

bool in_body(const std::string& path) {
  return path != "embedding" && !path.starts_with("input.") && !path.starts_with("output.");
}

}  // namespace

void bind_model(Cli& cli, ModelChoices& o) {
  cli.choice("--model", o.model, sequence_kinds(), "the model that is asked");
  cli.integer("--layers", o.layers, 0, 20,
              "layers of cnn, tcn or attention; 0: 3 for cnn and tcn, 1 for attention");
  cli.integer("--kernel", o.kernel, 0, 1024, "kernel of cnn or tcn; 0: 3", "K");
  cli.integer("--radius", o.radius, 0, 1000,
              "neighbours on each side that window reads; not given: 2", "R");
  cli.integer("--heads", o.heads, 0, 1024, "heads of attention; 0: 4, 2 or 1, whichever divides d");
}

SequenceSizes sizes_of(const ModelChoices& o, std::size_t width) {
  const auto only = [&](bool given, const char* option, bool fits, const char* owners) {
    if (given && !fits) {
      throw Error(ErrorKind::usage, fmt::format("{} means nothing to --model {}", option, o.model),
                  fmt::format("it belongs to {}", owners));
    }
  };
  const SequenceKind kind = sequence_kind(o.model);
  const bool convolution = is_convolution(kind), attention = kind == SequenceKind::attention;
  only(o.layers > 0, "--layers", convolution || attention, "cnn, tcn and attention");
  only(o.kernel > 0, "--kernel", convolution, "cnn and tcn");
  only(o.radius >= 0, "--radius", kind == SequenceKind::window, "window");
  only(o.heads > 0, "--heads", attention, "attention");
  if (kind == SequenceKind::birnn && width < 2) {
    throw Error(ErrorKind::usage, "birnn gives each direction half of the width, and --dim is 1",
                "use --dim 2 or more");
  }
  SequenceSizes z;
  z.kind = kind;
  z.vocabulary = z.classes = 1;
  z.width = width;
  z.layers = o.layers > 0 ? static_cast<std::size_t>(o.layers) : convolution ? 3 : 1;
  if (o.kernel > 0) z.kernel = static_cast<std::size_t>(o.kernel);
  if (o.radius >= 0) z.radius = static_cast<std::size_t>(o.radius);
  z.heads = o.heads > 0      ? static_cast<std::size_t>(o.heads)
            : width % 4 == 0 ? 4
            : width % 2 == 0 ? 2
                             : 1;
  z.ff = attention ? 4 * width : 2 * width;
  require_heads_divide_dim(width, z.heads);
  return z;
}

std::string describe(const SequenceSizes& z) {
  const std::string layers = how_many(z.layers, "layer");
  if (z.kind == SequenceKind::fc) return "one small net for each word alone";
  if (z.kind == SequenceKind::window)
    return fmt::format("one small net for each word with {} neighbours on each side", z.radius);
  if (z.kind == SequenceKind::cnn)
    return fmt::format("{} of convolution with kernel {}, h + relu(conv(h))", layers, z.kernel);
  if (z.kind == SequenceKind::tcn)
    return fmt::format(
        "{} of causal convolution with kernel {} and dilation 1, 2, 4, ..., h + relu(conv(h))",
        layers, z.kernel);
  if (z.kind == SequenceKind::attention)
    return fmt::format("{} of self-attention with {}, and a feed-forward net", layers,
                       how_many(z.heads, "head"));
  if (z.kind == SequenceKind::birnn)
    return fmt::format("two recurrent nets of width {}, one from each end", z.width / 2);
  return fmt::format("one recurrent layer ({}) of width {}, from left to right", name_of(z.kind),
                     z.width);
}

namespace {

/// Numbers that the body draws, in round terms.
double parameter_estimate(const SequenceSizes& z) {
  const double d = double(z.width), layers = double(z.layers);
  if (z.kind == SequenceKind::attention) return layers * 12 * d * d;
  if (is_convolution(z.kind)) return layers * double(z.kernel) * d * d;
  if (z.kind == SequenceKind::fc) return 2 * d * d;
  if (z.kind == SequenceKind::window) return 2 * d * d * double(2 * z.radius + 1);
  return 2 * d * d * double(gates_of(cell_of(z.kind)));
}

}  // namespace

std::shared_ptr<SequenceModel> make_model(Stage& s, const SequenceSizes& z) {
  const double numbers = parameter_estimate(z);
  if (numbers > kMostDrawn) {
    throw Error(ErrorKind::limit,
                fmt::format("the model {} of width {} has about {:.0f} million parameters; the "
                            "limit is {:.0f} million",
                            name_of(z.kind), z.width, numbers / 1e6, kMostDrawn / 1e6),
                "use a smaller --dim, or fewer --layers");
  }
  Parameters own(s.rng);  // what belongs to the model but not to its body stays here
  auto model = std::make_shared<SequenceModel>(z, own);
  for (const auto& [path, tensor] : model->parameters()) {
    if (!in_body(path)) continue;
    Tensor shared = tensor;
    shared.mutable_value() = s.parameters.get_or(path, tensor.value()).value();
  }
  return model;
}

std::vector<Tensor> body_inputs(const SequenceModel& model, const Tensor& x) {
  std::vector<Tensor> out{x};
  for (const auto& [path, tensor] : model.parameters()) {
    if (in_body(path)) out.push_back(tensor);
  }
  return out;
}

void label_ends(Stage& s) {
  if (s.trace.tokens.empty()) return;
  for (const char* axis : {"input", "output", "hidden"}) s.trace.labels[axis] = s.trace.tokens;
}

Tensor run_body(Stage& s, const SequenceModel& model, const Tensor& x) {
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "What the model reads: row i is the vector of token i.");
  const std::size_t first = s.trace.items.size();
  s.trace.restart_clock();
  const Tensor y = model.body(s.run, x);
  const Tensor output =
      s.fold(first, y, "output", "what the model gives at each position", {"token", "d'"}, "x");
  s.explain("output",
            "Row i: the model's result at position i. It is random: what matters here is which "
            "inputs it depends on.");
  return output;
}

}  // namespace attn::app
