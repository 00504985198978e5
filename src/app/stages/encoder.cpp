// The encoder: blocks on top of one another, with every step, and with parts taken away.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/stages/blocks.h"
#include "app/stages/conformer_blocks.h"
#include "app/stages/encoder_parts.h"
#include "app/stages/mask_option.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct EncoderOptions {
  BlockChoices block;
  std::string kind = "transformer";
  std::int64_t kernel = 3;
  std::string mask = "none";
  bool no_residual = false, no_norm = false, no_scale = false, no_position = false, share = false,
       halt = false;
};

void bind(Cli& cli, EncoderOptions& o) {
  bind_block(cli, o.block, "number of blocks L; 0: 2, or with --halt at most 8");
  bind_mask(cli, o.mask);
  cli.choice("--block", o.kind, {"transformer", "conformer"},
             "attention and a feed-forward net, or with a convolution between, as for speech");
  cli.integer("--kernel", o.kernel, 1, 100'000,
              "conformer: how many positions its convolution sees");
  cli.flag("--no-residual", o.no_residual, "without the sums: f(x) in place of x + f(x)");
  cli.flag("--no-norm", o.no_norm, "without layer norms");
  cli.flag("--no-scale", o.no_scale, "scores without the division by sqrt(d_k)");
  cli.flag("--no-position", o.no_position, "without positions: a bag of words");
  cli.flag("--share-layers", o.share, "one block's weights in every layer (Universal Transformer)");
  cli.flag("--halt", o.halt, "each position stops after a number of steps of its own");
}

/// A Conformer is shown whole, and with its own norms.
void check_kind(const Stage& s, const EncoderOptions& o) {
  if (o.kind != "conformer") {
    if (!s.common.is_given("--kernel")) return;
    throw Error(ErrorKind::usage, "--kernel without --block conformer",
                "only a Conformer's block has a convolution");
  }
  for (const char* option : {"--no-residual", "--no-norm", "--no-scale", "--no-position",
                             "--share-layers", "--halt", "--norm"}) {
    if (!s.common.is_given(option)) continue;
    throw Error(ErrorKind::usage, fmt::format("{} with --block conformer", option),
                std::string_view(option) == "--norm"
                    ? "its block has a norm before each part and one behind them: leave it out"
                    : "only the Transformer's block can be taken apart: leave one out");
  }
  if (o.mask != "none") {
    throw Error(ErrorKind::usage, "--mask with --block conformer",
                "its convolution looks at the neighbours whatever the mask hides: leave one out");
  }
}

void check_options(const Stage& s, const EncoderOptions& o) {
  check_kind(s, o);
  if (o.halt && !o.share) {
    throw Error(ErrorKind::usage, "--halt without --share-layers",
                "a position can only take more or fewer steps if all are the same block: add "
                "--share-layers");
  }
  if (o.no_position && s.common.is_given("--position")) {
    throw Error(ErrorKind::usage, "--no-position and --position are both given",
                "one adds positions, the other takes them away: leave one out");
  }
  if (o.no_position && !s.source().ordered) {
    throw Error(ErrorKind::usage,
                fmt::format("--no-position with --input {}, {}", escaped(s.common.input, 200),
                            s.source().name),
                "it is taken as it stands and gets no positions; leave --no-position out");
  }
}

std::string formulas(bool norm_first) {
  std::string out = "In every block ";
  if (norm_first) {
    out += "(pre-norm), and one norm at the end:\n  a = x + attention(norm1(x))\n";
    return out += "  output = a + ffn(norm2(a))";
  }
  out += "(post-norm):\n  a = norm1(x + attention(x))\n";
  return out += "  output = norm2(a + ffn(a))";
}

std::size_t layers_of(const EncoderOptions& o) {
  return o.block.layers > 0 ? static_cast<std::size_t>(o.block.layers) : o.halt ? 8 : 2;
}

Encoder make_encoder(Stage& s, const EncoderOptions& o, std::size_t n, std::size_t d) {
  const EncoderSizes sizes = block_sizes(s, o.block, d);
  Encoder e;
  e.depth = layers_of(o);
  e.shared = o.share;
  e.halt = o.halt;
  e.options = block_options(sizes, o.block);
  const double width = double(d), ff = double(sizes.ff), length = double(n),
               own = double(o.share ? 1 : e.depth);
  require_drawable_model(s, own * (4 * width * width + 2 * width * ff));
  s.require_memory(
      sizeof(real) * double(e.depth) *
          (4.0 * double(sizes.heads) * length * length + length * (20 * width + 3 * ff)),
      fmt::format("{} blocks over {} tokens", e.depth, n));
  for (std::size_t l = 0; l < (o.share ? 1 : e.depth); ++l)
    e.layers.push_back(encoder_layer(s.parameters, l, sizes));
  if (e.options.norm_first) e.final_norm = norm_parameters(s.parameters, "final_norm.", d);
  if (o.halt) e.halting = halting_parameters(s.parameters, d);
  e.mask = make_mask(s, o.mask, n);
  return e;
}

/// A parameter that several blocks share is noted by each: the first says all.
void forget_repeated_parameters(Trace& trace) {
  std::erase_if(trace.items, [&](const Item& item) {
    const auto* step = std::get_if<Step>(&item);
    return step && step->kind() == Tensor::Kind::parameter && trace.name(step->data) != step->path;
  });
}

void explain_encoder(Stage& s, const Encoder& e) {
  s.explain("x", s.common.position == "none"
                     ? "What the first block reads: row i is the vector of token i."
                     : "What the first block reads: row i is the vector of token i, plus what its "
                       "place adds.");
  for (std::size_t l = 0; l < e.depth; ++l) {
    const std::string at = fmt::format("layer.{}.", l);
    s.explain(at + "output", l + 1 < e.depth ? "Row i: token i after this block, and what the next "
                                               "block reads in place of x."
                                             : "Row i: token i after the last block.");
    s.explain(at + "state",
              "Rows of positions that have stopped are as they were; the others are new.");
  }
  s.explain("output", e.halt ? "Row i: the states of token i after its steps, mixed with the "
                               "weights of halting."
                             : "Row i: token i, with what it took from the others in every block.");
}

void count_parameters(Stage& s, const Encoder& e, const EncoderSizes& z) {
  const double d = double(z.width), ff = double(z.ff), depth = double(e.depth);
  const double attention = 4 * d * d + 4 * d, net = 2 * d * ff + ff + d, norms = 4 * d;
  const double block = attention + net + norms;
  Table table{"parameters",
              fmt::format("Parameters, with d {} and ff {}.", z.width, z.ff),
              {"part", "arithmetic", "parameters"},
              {}};
  table.rows.push_back(counted("attention", "4 d^2 + 4 d", attention));
  table.rows.push_back(counted("feed-forward", "2 d ff + ff + d", net));
  table.rows.push_back(counted("two norms", "2 (d + d)", norms));
  table.rows.push_back(counted("one block", "the sum", block));
  table.rows.push_back(
      counted(fmt::format("{}{}", how_many(e.depth, "block"), e.shared ? " of their own" : ""),
              fmt::format("{} x {:.0f}", e.depth, block), depth * block));
  if (e.shared)
    table.rows.push_back(counted("one block, shared", "the same in every layer", block));
  s.trace.add(std::move(table));
  NamedTensors all;
  for (const EncoderLayer& layer : e.layers) list_parameters(all, "", layer);
  double made = 0;
  for (const auto& [path, tensor] : all) made += double(tensor.value().size());
  s.trace.check(fmt::format("the arithmetic counts the {:.0f} parameters that were made", made),
                std::abs(made - (e.shared ? 1 : depth) * block), 0);
}

void encoder(Stage& s, const EncoderOptions& o) {
  check_options(s, o);
  if (o.no_position) s.common.position = "none";
  if (o.kind == "conformer") return show_conformer(s, o.block, o.kernel);
  s.trace.title = o.halt ? "One block again and again, until each position has had enough"
                         : "The encoder: blocks of attention and feed-forward nets";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  const Encoder e = make_encoder(s, o, n, d);
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.trace.restart_clock();
  s.trace.add(Verbatim{formulas(e.options.norm_first)});
  BlockOptions options = e.options;
  options.residual = !o.no_residual;
  options.norm = !o.no_norm;
  options.scaled = !o.no_scale;
  const Tensor output = e.forward(s.run, x, options);
  explain_encoder(s, e);
  forget_repeated_parameters(s.trace);
  if (o.halt) show_halting(s, e);
  count_parameters(s, e, block_sizes(s, o.block, d));
  if (o.share) {
    s.trace.say(fmt::format(
        "The Universal Transformer (Dehghani et al. 2019) repeats one block in depth: the "
        "parameters of one block, {}{} of computing. (The paper also adds a signal for the "
        "step; here there is none.)",
        o.halt ? "at most " : "", how_many(e.depth, "step")));
  }
  if (o.no_residual || o.no_norm || o.no_scale || o.no_position)
    compare_with_whole(s, e, {o.no_residual, o.no_norm, o.no_scale, o.no_position}, x, output);
}

}  // namespace

Command encoder_command() {
  return {.name = "encoder",
          .kind = CommandKind::stage,
          .summary = "blocks on top of one another; what each part is good for",
          .example = "encoder --layers 1 --no-position 'I saw a saw'",
          .setup = with_options<EncoderOptions>(bind, encoder),
          .default_text = "the animal was tired",
          .default_position = "sinusoidal"};
}

}  // namespace attn::app
