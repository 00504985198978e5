#include "app/stages/conformer_blocks.h"

#include <fmt/format.h>

#include <cmath>

#include "attn/nn/conformer.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

double count_conformer(Stage& s, const ConformerSizes& z,
                       const std::vector<ConformerLayer>& layers) {
  const double d = double(z.width), ff = double(z.ff), k = double(z.kernel),
               depth = double(layers.size());
  const double nets = 2 * (2 * d * ff + ff + d), attention = 4 * d * d + 4 * d,
               conv = 3 * d * d + (k + 6) * d, norms = 10 * d,
               block = nets + attention + conv + norms;
  Table table{"parameters",
              fmt::format("Parameters, with d {}, ff {} and kernel k {}.", z.width, z.ff, z.kernel),
              {"part", "arithmetic", "parameters"},
              {}};
  table.rows.push_back(counted("two feed-forward nets", "2 (2 d ff + ff + d)", nets));
  table.rows.push_back(counted("attention", "4 d^2 + 4 d", attention));
  table.rows.push_back(counted("convolution", "3 d^2 + (k + 6) d", conv));
  table.rows.push_back(counted("five norms", "5 (d + d)", norms));
  table.rows.push_back(counted("one block", "the sum", block));
  table.rows.push_back(
      counted(fmt::format("{} block{}", layers.size(), layers.size() == 1 ? "" : "s"),
              fmt::format("{} x {:.0f}", layers.size(), block), depth * block));
  s.trace.add(std::move(table));
  NamedTensors all;
  for (const ConformerLayer& layer : layers) list_parameters(all, "", layer);
  double made = 0;
  for (const auto& [path, tensor] : all) made += double(tensor.value().size());
  s.trace.check(fmt::format("the arithmetic counts the {:.0f} parameters that were made", made),
                std::abs(made - depth * block), 0);
  return made;
}

/// The depthwise convolution of the first block, one channel after the other by the other op.
void check_depthwise(Stage& s, const ConformerLayer& p) {
  const Array &gate = s.trace.find("layer.0.conv.gate")->values(),
              &found = s.trace.find("layer.0.conv.depthwise")->values(),
              &taps = p.conv.w_depthwise.value(), &bias = p.conv.b_depthwise.value();
  const std::size_t n = rows(gate), d = columns(gate), kernel = taps.shape()[0];
  Array by_channel = empty({n, d});
  for (std::size_t c = 0; c < d; ++c) {
    const auto column = [&](const Array& from, std::size_t count) {
      Array out = empty({count, 1});
      for (std::size_t i = 0; i < count; ++i) out.data()[i] = from.data()[i * d + c];
      return out;
    };
    const Tensor w(reshaped(column(taps, kernel), {kernel, 1, 1})), b(full({1}, bias.data()[c]));
    const Array one = convolution(Run{}, Tensor(column(gate, n)), w, b).value();
    for (std::size_t i = 0; i < n; ++i) by_channel.data()[i * d + c] = one.data()[i];
  }
  s.same("the depthwise convolution = an ordinary one over each channel alone", by_channel, found);
}

std::string reads(std::size_t kernel, std::size_t n) {
  if (kernel == 1) return "the position itself";
  return fmt::format("{} positions in a row{}", kernel,
                     kernel > 2 * n ? ", more than the text has" : "");
}

}  // namespace

void show_conformer(Stage& s, const BlockChoices& choices, std::int64_t kernel) {
  if (!s.common.input.empty() && !s.common.is_given("--position"))
    s.common.position = "none";  // a matrix is taken as it stands
  s.trace.title = "The Conformer: attention for what is far, a convolution for what is near";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1],
                    depth = choices.layers > 0 ? static_cast<std::size_t>(choices.layers) : 2;
  const EncoderSizes sizes = block_sizes(s, choices, d);
  const ConformerSizes z{d, sizes.heads, sizes.ff, static_cast<std::size_t>(kernel)};
  const double width = double(d), ff = double(z.ff), length = double(n);
  require_drawable_model(
      s, double(depth) * (7 * width * width + 4 * width * ff + double(kernel) * width));
  s.require_memory(sizeof(real) * double(depth) *
                       (4.0 * double(z.heads) * length * length + length * (30 * width + 6 * ff)),
                   fmt::format("{} blocks over {} tokens", depth, n));
  std::vector<ConformerLayer> layers;
  for (std::size_t l = 0; l < depth; ++l) layers.push_back(conformer_layer(s.parameters, l, z));
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x",
            "What the first block reads: row i is the vector of token i, with its place "
            "where it has one.");
  s.trace.restart_clock();
  s.trace.add(
      Verbatim{"In every block, each part with a norm before it:\n"
               "  a = x + ffn1(norm1(x)) / 2\n"
               "  b = a + attention(norm2(a))\n"
               "  c = b + conv(norm3(b))\n"
               "  output = norm(c + ffn2(norm4(c)) / 2)\n"
               "conv: W_1 to 2d, gate, depthwise convolution, norm, swish, W_2 to d"});
  Tensor h = x;
  for (std::size_t l = 0; l < depth; ++l) h = conformer_block(s.run, h, layers[l], l, z.heads, {});
  note(s.run, "output", "what the encoder gives", {"token", "d"}, h);
  s.explain("output", "Row i: token i, with what it took from all others and from its neighbours.");
  const double made = count_conformer(s, z, layers);
  check_depthwise(s, layers[0]);
  s.trace.say(
      "Gulati et al. 2020 built it for speech, where n is hundreds of frames: what is near and "
      "what is far matter both. Theirs has relative positions in attention, and the norm inside "
      "its convolution goes over the batch; one text has none, so here it goes over the row.");
  s.trace.items.insert(
      s.trace.items.begin(),
      Remark{fmt::format("{} block{}, {:.0f} parameters. Each block reads in two ways: attention "
                         "takes from all {} positions, the convolution from {}. Before and "
                         "behind them stands a feed-forward net, of which half is added.",
                         depth, depth == 1 ? "" : "s", made, n, reads(z.kernel, n))});
}

}  // namespace attn::app
