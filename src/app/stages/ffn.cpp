// The feed-forward net of a block: the same small net at every position.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/stages/blocks.h"
#include "attn/core/error.h"
#include "attn/nn/encoder.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct FfnOptions {
  std::int64_t ff = 0;
  std::string activation = "relu";
};

void bind(Cli& cli, FfnOptions& o) {
  cli.integer("--ff", o.ff, 0, 1'000'000, "inner width ff; 0: 4d");
  cli.choice("--activation", o.activation, {"relu", "gelu", "swish"},
             "the bend in the middle: the Transformer's, BERT's and GPT's, or the Conformer's");
}

Activation activation_of(const FfnOptions& o) {
  if (o.activation == "swish") return Activation::swish;
  return o.activation == "gelu" ? Activation::gelu : Activation::relu;
}

/// One hidden number of each of the first two tokens, written out: the weights are the same.
void show_same_weights(Stage& s, const Tensor& x, const FeedForwardParameters& p) {
  const std::size_t d = x.shape()[1], ff = p.b_1.shape()[0], terms = std::min<std::size_t>(d, 3);
  s.trace.say(
      "The same column of W_1 meets every token. Before the bend, hidden number 0 of the first "
      "tokens is:");
  std::string lines;
  for (std::size_t t = 0; t < std::min<std::size_t>(x.shape()[0], 3); ++t) {
    double sum = p.b_1.value().data()[0];
    for (std::size_t c = 0; c < d; ++c)
      sum += double{x.value().data()[t * d + c]} * p.w_1.value().data()[c * ff];
    lines += t == 0 ? "" : "\n";
    for (std::size_t c = 0; c < terms; ++c) {
      lines += fmt::format("{}{:6.3f} * {:.3f}", c == 0 ? "  " : " + ", x.value().data()[t * d + c],
                           p.w_1.value().data()[c * ff]);
    }
    lines += fmt::format("{} + {:.3f} = {:6.3f}", d > terms ? " + ..." : "",
                         p.b_1.value().data()[0], sum);
  }
  s.trace.add(Verbatim{std::move(lines)});
}

void ffn(Stage& s, const FfnOptions& o) {
  s.trace.title = "The feed-forward net: every position for itself, with the same weights";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1],
                    ff = o.ff > 0 ? static_cast<std::size_t>(o.ff) : 4 * d;
  s.require_memory(sizeof(real) * 4.0 * double(n) * double(ff),
                   fmt::format("{} x {} hidden numbers", n, ff));
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "What the net reads: row i is the vector of token i.");
  const FeedForwardParameters p{s.parameter("w_1", {d, ff}), s.parameters.get("b_1", {ff}, 0.1),
                                s.parameter("w_2", {ff, d}), s.parameters.get("b_2", {d}, 0.1)};
  s.trace.restart_clock();
  const Activation bend = activation_of(o);
  const Tensor output = feed_forward(s.run, x, p, bend);
  s.explain("hidden", bend == Activation::relu
                          ? std::string("relu bends here: what is negative becomes 0. Without the "
                                        "bend, both layers would be one matrix.")
                          : fmt::format("{} bends here: large numbers pass, very negative ones "
                                        "become 0, small ones shrink.",
                                        o.activation));
  s.explain("output", "Row i was made from row i of X alone.");
  show_same_weights(s, x, p);

  const auto net = [&](const Tensor& rows) { return feed_forward(Run{}, rows, p, bend); };
  const auto part = [](const Tensor& t, std::size_t i) { return slice_rows(Run{}, t, i, i + 1); };
  Array alone = empty({n, d});
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(net(part(x, i)).value().data(), d, alone.data() + i * d);
  s.same("each token alone through the net = its row of the output", alone, output.value());
  if (n > 1) {
    const auto exchanged = [&](const Array& rows) {
      Array out = rows;
      std::swap_ranges(out.data(), out.data() + d, out.data() + (n - 1) * d);
      return out;
    };
    s.same("exchanging the first and the last token exchanges their outputs, and no other changes",
           exchanged(output.value()), net(Tensor(exchanged(x.value()))).value());
    Array changed = x.value();
    for (std::size_t c = 0; c < d; ++c) changed.data()[c] += 1;
    Array after = net(Tensor(std::move(changed))).value();
    std::copy_n(output.value().data(), d, after.data());  // its own row may change
    s.trace.check("changing the first token changes no other row",
                  largest_difference(after, output.value()),
                  1e-5 * std::max(double{largest_magnitude(output.value())}, 1e-30));
  }
  const Array& hidden = s.trace.find("hidden")->values();
  if (bend == Activation::relu) {
    const auto zeros = std::count(hidden.begin(), hidden.end(), real{0});
    s.trace.say(
        fmt::format("{} of {} hidden numbers are 0 ({:.0f} %): relu closes them for this "
                    "token, and other tokens open them.",
                    zeros, hidden.size(), 100.0 * double(zeros) / double(hidden.size())));
  }
  const double own = 2.0 * double(d) * double(ff) + double(ff) + double(d),
               attention = 4.0 * double(d) * double(d) + 4.0 * double(d);
  Table table{"parameters",
              "Most of a block's parameters are here, not in attention.",
              {"part", "arithmetic", "parameters"},
              {}};
  table.rows.push_back(
      counted("feed-forward", fmt::format("2 d ff + ff + d, d {}, ff {}", d, ff), own));
  table.rows.push_back(counted("attention", fmt::format("4 d^2 + 4 d, d {}", d), attention));
  if (ff < 2 * d) table.about = "Parameters of this net, and of the attention before it.";
  s.trace.add(std::move(table));
  double made = 0;
  for (const Tensor& t : {p.w_1, p.b_1, p.w_2, p.b_2}) made += double(t.value().size());
  s.trace.check("the arithmetic counts the parameters that were made", std::abs(made - own), 0);
  s.trace.say(
      "Attention moves information between positions; this net works on what has arrived at each. "
      "A block has one of each: attn encoder.");
}

}  // namespace

Command ffn_command() {
  return {.name = "ffn",
          .kind = CommandKind::stage,
          .summary = "the same small net at every position",
          .example = "ffn 'I saw a saw'",
          .setup = with_options<FfnOptions>(bind, ffn),
          .default_text = "the animal was tired"};
}

}  // namespace attn::app
