#include <fmt/format.h>

#include <limits>
#include <set>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/layers.h"
#include "attn/ops/ops.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

struct CnnOptions {
  std::int64_t layers = 0, kernel = 3, channels = 0;
  std::vector<std::int64_t> dilation = {1};
  bool causal = false;
};

void bind(Cli& cli, CnnOptions& o) {
  cli.integer("--layers", o.layers, 0, 64,
              "number of layers L; 0: one per number of --dilation, or 3");
  cli.integer("--kernel", o.kernel, 1, 1024, "kernel k: positions that one layer looks at", "K");
  cli.integers("--dilation", o.dilation, 1, 1'000'000,
               "steps between these positions: one number, or one per layer, as in 1,2,4");
  cli.flag("--causal", o.causal, "look back only: no output sees a later token");
  cli.integer("--channels", o.channels, 0, 100'000, "width of every layer's output; 0: d", "C");
}

constexpr double kMostOperations = 2e11;
constexpr std::size_t kDrawn = 28;  // positions of a drawing, two columns each

struct Net {
  std::vector<ConvolutionParameters> layers;
  std::vector<std::size_t> dilation;
  std::size_t kernel;
  bool causal;

  /// Places that tap j of a layer's output at t may read: inside 0 .. n-1.
  std::vector<std::size_t> read_by(std::size_t layer, std::size_t t, std::size_t n) const {
    const std::ptrdiff_t own = static_cast<std::ptrdiff_t>(causal ? kernel - 1 : kernel / 2);
    std::vector<std::size_t> out;
    for (std::ptrdiff_t j = 0; j < static_cast<std::ptrdiff_t>(kernel); ++j) {
      const std::ptrdiff_t from =
          static_cast<std::ptrdiff_t>(t) + (j - own) * static_cast<std::ptrdiff_t>(dilation[layer]);
      if (from >= 0 && from < static_cast<std::ptrdiff_t>(n))
        out.push_back(static_cast<std::size_t>(from));
    }
    return out;
  }
  /// The outputs of all layers, without a trace.
  std::vector<Array> run(const Array& x) const {
    std::vector<Array> out;
    Tensor h(x);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      h = convolution_layer(Run{}, h, layers[l], dilation[l], causal);
      out.push_back(h.value());
    }
    return out;
  }
};

std::vector<std::size_t> dilations(const CnnOptions& o) {
  const std::vector<std::int64_t>& list = o.dilation;
  const std::size_t layers = o.layers > 0      ? static_cast<std::size_t>(o.layers)
                             : list.size() > 1 ? list.size()
                                               : 3;
  if (list.size() > 1 && list.size() != layers) {
    throw Error(ErrorKind::usage,
                fmt::format("--dilation has {} numbers, --layers is {}", list.size(), layers),
                "give one number for all layers, or one for each, or leave --layers out");
  }
  std::vector<std::size_t> out(layers, list.empty() ? 1 : static_cast<std::size_t>(list[0]));
  for (std::size_t l = 0; l < list.size(); ++l) out[l] = static_cast<std::size_t>(list[l]);
  return out;
}

/// By the formula: for each layer, what of the net's picture feeds `output` of layer `top`. Row 0
/// are the inputs, row l + 1 the outputs of layer l.
std::vector<std::set<std::size_t>> feeding(const Net& net, std::size_t top, std::size_t output,
                                           std::size_t n) {
  std::vector<std::set<std::size_t>> levels(top + 2);
  levels[top + 1] = {output};
  for (std::size_t l = top + 1; l-- > 0;) {
    for (const std::size_t t : levels[l + 1]) {
      for (const std::size_t from : net.read_by(l, t, n)) levels[l].insert(from);
    }
  }
  return levels;
}

/// Measured: for each layer, the inputs (of those asked for) that its `output` is computed from.
/// Each in turn is set to NaN, which marks everything that is computed from it, whatever the
/// weights are.
std::vector<std::set<std::size_t>> marked_by(const Net& net, const Array& x, std::size_t output,
                                             const std::set<std::size_t>& asked) {
  std::vector<std::set<std::size_t>> out(net.layers.size());
  for (const std::size_t j : asked) {
    Array marked = x;
    std::fill_n(marked.data() + j * columns(x), columns(x), std::numeric_limits<real>::quiet_NaN());
    const std::vector<Array> after = net.run(marked);
    for (std::size_t l = 0; l < after.size(); ++l) {
      if (std::isnan(row(after[l], output)[0])) out[l].insert(j);
    }
  }
  return out;
}

/// Positions begin .. end-1 as marks, two columns each.
std::string mark_line(const std::set<std::size_t>& in, std::size_t begin, std::size_t end,
                      char mark) {
  std::string out;
  for (std::size_t t = begin; t < end; ++t)
    out += fmt::format("{}{}", t > begin ? " " : "", in.contains(t) ? mark : '.');
  return out;
}

std::string word(const Stage& s, std::size_t t) {
  return t < s.trace.tokens.size()
             ? fmt::format("{} ('{}')", t, cut(escaped(s.trace.tokens[t]), 14))
             : std::to_string(t);
}

/// The words that an output sees, in brackets, among their neighbours.
std::string bracketed(const Stage& s, const std::set<std::size_t>& seen) {
  std::string out;
  for (std::size_t t = 0; t < s.trace.tokens.size(); ++t) {
    const std::string token = escaped(s.trace.tokens[t]);
    out += (t > 0 ? " " : "") + (seen.contains(t) ? "[" + token + "]" : token);
  }
  return out;
}

/// Which inputs reach one output, layer by layer: a line of marks for each, and the paths they
/// take.
void draw(Stage& s, const Net& net, std::size_t n, std::size_t output,
          const std::vector<std::set<std::size_t>>& measured) {
  const std::size_t begin =
      n <= kDrawn ? 0 : std::min(output - std::min(output, kDrawn / 2), n - kDrawn);
  const std::size_t end = std::min(n, begin + kDrawn), layers = net.layers.size();
  const bool some = begin > 0 || end < n;
  std::string ruler;
  for (std::size_t t = begin; t < end; ++t)
    ruler += fmt::format("{}{}", t > begin ? " " : "", t % 10);
  std::string picture =
      fmt::format("Which inputs reach output {}{}? # reaches it, . does not.\n{}\n",
                  word(s, output), net.causal ? ", the last" : ", in the middle",
                  some ? fmt::format("Positions {} to {} are drawn.\n", begin, end - 1) : "");
  picture += fmt::format("  {:<14} {}\n", "input", ruler);
  for (std::size_t l = 0; l < layers; ++l) {
    picture += fmt::format("  {:<14} {}   {}\n", fmt::format("after layer {}", l),
                           mark_line(measured[l], begin, end, '#'), measured[l].size());
  }
  picture += "\nThe way they take, from the inputs at the bottom to that output at the top:\n\n";
  const std::vector<std::set<std::size_t>> levels = feeding(net, layers - 1, output, n);
  for (std::size_t l = layers + 1; l-- > 0;) {
    const std::string name = l == 0 ? "input" : fmt::format("layer {}", l - 1);
    picture += fmt::format("  {:<14} {}\n", name,
                           mark_line(levels[l], begin, end, l == layers ? '@' : 'o'));
  }
  s.trace.add(Verbatim{std::move(picture)});
  if (!s.trace.tokens.empty() && n <= 60) {
    s.trace.say(
        fmt::format("In words, after the last layer: {}", bracketed(s, measured[layers - 1])));
  }
}

/// Layers until one output sees n inputs; 0 if never (kernel 1).
std::size_t layers_needed(std::size_t kernel, std::size_t n, bool doubling) {
  if (n <= 1) return 1;
  if (kernel < 2) return 0;
  std::size_t layers = 0, seen = 1;
  while (seen < n) {
    seen += (kernel - 1) * (doubling ? std::size_t{1} << layers : 1);
    ++layers;
  }
  return layers;
}

/// True if the last output of a causal net of this depth moves with the first of n inputs. All
/// weights 1.
bool spans(std::size_t kernel, std::size_t n, std::size_t layers, bool doubling) {
  Net net{{}, {}, kernel, true};
  for (std::size_t l = 0; l < layers; ++l) {
    net.layers.push_back(
        {Tensor(full({kernel, 1, 1}, 1 / static_cast<real>(kernel))), Tensor(zeros({1}))});
    net.dilation.push_back(doubling ? std::size_t{1} << l : 1);
  }
  Array x = zeros({n, 1});
  x.data()[0] = 1;
  return layers > 0 && net.run(x).back().data()[n - 1] > 0;
}

void how_many_layers(Stage& s, std::size_t kernel, std::size_t n) {
  Table table{
      "layers_needed",
      fmt::format("Layers until one output sees n inputs in a row, with kernel {}.", kernel),
      {"n", "dilation 1", "dilation 1, 2, 4, ..."},
      {}};
  std::set<std::size_t> lengths{n, 4, 8, 16, 32, 64, 128, 256, 1024};
  for (const std::size_t m : lengths) {
    const auto cell = [&](bool doubling) -> Table::Cell {
      const std::size_t layers = layers_needed(kernel, m, doubling);
      if (layers == 0) return std::string("never");
      return double(layers);
    };
    table.rows.push_back({double(m), cell(false), cell(true)});
  }
  s.trace.add(std::move(table));
  if (kernel < 2) {
    s.trace.say(
        "A kernel of 1 looks at its own position only: no number of layers brings words together.");
    return;
  }
  s.trace.say(
      "Contiguous: (n-1)/(k-1) layers, rounded up. Doubling the dilation: the number of layers "
      "grows like log2(n).");
  double wrong = 0;
  for (const std::size_t m : {std::size_t{4}, std::size_t{64}}) {
    for (const bool doubling : {false, true}) {
      const std::size_t layers = layers_needed(kernel, m, doubling);
      wrong += !spans(kernel, m, layers, doubling);
      if (layers > 1) wrong += spans(kernel, m, layers - 1, doubling);
    }
  }
  s.trace.check(
      fmt::format("built and run for n = 4 and n = 64: with so many layers the first input moves "
                  "the last output of a causal net, with one layer less it does not (wrong "
                  "answers: {})",
                  wrong),
      wrong, 0);
}

/// The output computed again from the inputs of its field alone.
void compute_alone(Stage& s, const Net& net, const Array& x, std::size_t output,
                   const std::set<std::size_t>& field, const Array& whole) {
  const std::size_t first = *field.begin(), last = *field.rbegin();
  const Array part = slice_rows(Run{}, Tensor(x), first, last + 1).value();
  const Array alone =
      slice_rows(Run{}, Tensor(net.run(part).back()), output - first, output - first + 1).value();
  s.same(fmt::format("output {} computed from inputs {} to {} alone = the same row of all outputs "
                     "at once: no output waits for another",
                     output, first, last),
         slice_rows(Run{}, Tensor(whole), output, output + 1).value(), alone);
}

void cnn(Stage& s, const CnnOptions& o) {
  s.trace.title = "A convolution over the text: every position looks at its neighbours";
  const std::vector<std::size_t> dilation = dilations(o);
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1], layers = dilation.size();
  const std::size_t channels = o.channels > 0 ? static_cast<std::size_t>(o.channels) : d,
                    kernel = static_cast<std::size_t>(o.kernel);
  s.require_memory(sizeof(real) * double(n) *
                       (double(kernel) * double(std::max(d, channels)) +
                        2.0 * double(layers) * double(channels)),
                   fmt::format("a convolution over {} tokens", n));
  note(s.run, "x", "X: one row per token", {"token", "c"}, x);
  s.explain(
      "x",
      "What the first layer reads: row i is the vector of token i, its numbers are the channels.");
  Net net{{}, dilation, kernel, o.causal};
  for (std::size_t l = 0; l < layers; ++l) {
    const std::string at = fmt::format("layer.{}.", l);
    const std::size_t c_in = l == 0 ? d : channels;
    Tensor w =
        s.parameters.get(at + "w", {kernel, c_in, channels}, 1 / std::sqrt(double(kernel * c_in)));
    net.layers.push_back({std::move(w), s.parameters.get(at + "b", {channels}, 0.1)});
  }
  s.trace.add(
      Verbatim{o.causal ? "output[t] = max(x[t] W[k-1] + x[t-dilation] W[k-2] + ... + b, 0)\n(the "
                          "last tap looks at the position itself, the others look back)"
                        : "output[t] = max(sum over taps j of x[t + (j - k/2) dilation] W[j] + b, "
                          "0)\n(k/2 rounded down: the middle tap looks at the position itself)"});
  s.trace.restart_clock();
  Tensor h = x;
  for (std::size_t l = 0; l < layers; ++l) {
    const Scope scope(s.run, fmt::format("layer.{}", l));
    h = convolution_layer(s.run, h, net.layers[l], dilation[l], o.causal);  // (n,channels)
    const std::string at = s.trace.prefix;
    const std::size_t own = o.causal ? kernel - 1 : kernel / 2;
    s.explain(at + "w",
              fmt::format(
                  "The same weights at every position. Tap {} looks at the position itself{}.", own,
                  dilation[l] == 1
                      ? ""
                      : fmt::format(", the next tap {} further", how_many(dilation[l], "step"))));
    s.explain(at + "output",
              l == 0 ? "All rows are computed at once: no position waits for another."
                     : "Each layer looks at the layer before it, and so further into the text.");
  }

  const std::size_t output = o.causal ? n - 1 : n / 2;
  Table table{"field",
              "The receptive field: how many inputs one output can see.",
              {"layer", "kernel", "dilation", "formula", "in this text", "measured", "parameters"},
              {}};
  std::vector<std::vector<std::set<std::size_t>>> levels;
  std::set<std::size_t> asked;  // all that is drawn, and the edges of every field
  for (std::size_t l = 0; l < layers; ++l) {
    levels.push_back(feeding(net, l, output, n));
    const std::size_t first = *levels[l][0].begin(), last = *levels[l][0].rbegin();
    for (const std::size_t t :
         {first - std::min<std::size_t>(first, 1), first, last, std::min(last + 1, n - 1)})
      asked.insert(t);
  }
  const double run = 2.0 * double(n) * double(kernel) * double(std::max(d, channels)) *
                     double(channels) * double(layers);
  const std::size_t around = run * double(n) < 1e8 ? n : run < 1e7 ? kDrawn : 4;
  if (run * (double(asked.size()) + 2 * double(around)) > kMostOperations) {
    throw Error(ErrorKind::limit,
                fmt::format("measuring the receptive field of {} over {} tokens takes too long",
                            how_many(layers, "layer"), n),
                "use a shorter text, fewer --layers or a smaller --dim");
  }
  for (std::size_t t = output - std::min(output, around); t < std::min(n, output + around + 1); ++t)
    asked.insert(t);
  std::vector<std::set<std::size_t>> measured = marked_by(net, x.value(), output, asked);
  double wrong = 0, seen = 1;
  for (std::size_t l = 0; l < layers; ++l) {
    for (const std::size_t t : asked) wrong += levels[l][0].contains(t) != measured[l].contains(t);
    seen += double(kernel - 1) * double(dilation[l]);
    std::size_t inside = 0;
    for (const std::size_t t : asked) inside += levels[l][0].contains(t);
    // What lies between the inputs that were asked is taken from the formula.
    const bool complete = inside == levels[l][0].size();
    table.rows.push_back({double(l), double(kernel), double(dilation[l]), seen,
                          double(levels[l][0].size()),
                          complete ? Table::Cell{double(measured[l].size())}
                                   : Table::Cell{std::string("edges only")},
                          double(net.layers[l].w.value().size() + net.layers[l].b.value().size())});
  }
  draw(s, net, n, output, measured);
  s.trace.add(std::move(table));
  s.trace.say(
      "measured: one input after the other is set to NaN, not a number. Everything computed from "
      "it becomes NaN too, as if "
      "it were dyed.");
  s.trace.say(
      "formula: 1 + (k-1) x dilation, added up over the layers. Beyond the ends of the text stand "
      "zeros, so less of it may be "
      "left in this text; a dilation that grows too fast leaves gaps.");
  s.trace.check(
      fmt::format("measured = formula: output {} becomes NaN exactly for the inputs of "
                  "its field, {} tried at {} (wrong answers: {})",
                  output, how_many(asked.size(), "input"), how_many(layers, "layer"), wrong),
      wrong, 0);
  compute_alone(s, net, x.value(), output, levels[layers - 1][0], h.value());
  s.trace.say(
      fmt::format("Sequential steps: {}, one per layer, however long the text is.", layers));
  how_many_layers(s, kernel, n);
}

}  // namespace

Command cnn_command() {
  return {.name = "cnn",
          .kind = CommandKind::stage,
          .summary = "convolutions, and how far they see",
          .example = "cnn --dilation 1,2,4 --causal",
          .setup = with_options<CnnOptions>(bind, cnn)};
}

}  // namespace attn::app
