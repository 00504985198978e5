// How many parameters the known models have, block by block, from the shapes of the real blocks.
#include <fmt/format.h>

#include <cmath>

#include "app/frame/command.h"
#include "app/frame/heads.h"
#include "attn/core/error.h"
#include "attn/nn/decoder.h"

namespace attn::app {

namespace {

struct ParamsOptions {
  std::string preset = "transformer-base";
  std::int64_t layers = 0, dim = 0, heads = 0, ff = 0, vocab = 0;
};

void bind(Cli& cli, ParamsOptions& o) {
  cli.choice("--preset", o.preset,
             {"transformer-base", "transformer-big", "bert-base", "bert-large", "gpt2-small"},
             "a published model");
  cli.integer("--layers", o.layers, 0, 100'000, "blocks (of each stack); 0: as in the preset");
  cli.integer("--dim", o.dim, 0, 1'000'000, "model width d; 0: as in the preset");
  cli.integer("--heads", o.heads, 0, 1'000'000, "number of heads H; 0: as in the preset");
  cli.integer("--ff", o.ff, 0, 10'000'000,
              "inner width of the feed-forward net; 0: as in the preset");
  cli.integer("--vocab", o.vocab, 0, 100'000'000, "words of the vocabulary V; 0: as in the preset");
}

struct Model {
  const char* name;
  const char* kind;  // "transformer", "bert", "gpt"
  double layers, d, heads, ff, vocabulary, positions;
  double published;  // as the paper prints it
  const char* paper;
};

constexpr Model kModels[] = {
    {"transformer-base", "transformer", 6, 512, 8, 2048, 37000, 0, 65e6,
     "Vaswani et al. 2017, Table 3"},
    {"transformer-big", "transformer", 6, 1024, 16, 4096, 37000, 0, 213e6,
     "Vaswani et al. 2017, Table 3"},
    {"bert-base", "bert", 12, 768, 12, 3072, 30522, 512, 110e6, "Devlin et al. 2019, section 3"},
    {"bert-large", "bert", 24, 1024, 16, 4096, 30522, 512, 340e6, "Devlin et al. 2019, section 3"},
    {"gpt2-small", "gpt", 12, 768, 12, 3072, 50257, 1024, 117e6, "Radford et al. 2019, Table 2"},
};

const Model& named(const std::string& name) {
  for (const Model& m : kModels) {
    if (name == m.name) return m;
  }
  throw Error(ErrorKind::internal, "no model " + name);
}

/// One line of the count: so many matrices, and so many biases, gains and the like.
struct Part {
  std::string what, arithmetic;
  double matrices, rows;
  double times = 1;
  double each() const { return matrices + rows; }
};

/// The shapes of a real block whose names begin so, added up.
Part part_of(const NamedShapes& shapes, const std::string& begin, std::string what,
             std::string arithmetic, double times) {
  Part part{std::move(what), std::move(arithmetic), 0, 0, times};
  for (const auto& [name, shape] : shapes) {
    if (!name.starts_with(begin)) continue;
    const double size = static_cast<double>(count(shape));
    (shape.size() == 2 ? part.matrices : part.rows) += size;
  }
  return part;
}

void add_block(std::vector<Part>& parts, const std::string& stack, const NamedShapes& shapes,
               std::initializer_list<const char*> attentions, double norms, double layers) {
  for (const char* attention : attentions) {
    parts.push_back(part_of(shapes, std::string(attention) + ".",
                            fmt::format("{}: {}", stack, attention), "4 d^2 + 4 d", layers));
  }
  parts.push_back(
      part_of(shapes, "ffn.", fmt::format("{}: feed-forward", stack), "2 d ff + ff + d", layers));
  parts.push_back(part_of(shapes, "norm", fmt::format("{}: {:.0f} norms", stack, norms),
                          fmt::format("{:.0f} x 2 d", norms), layers));
}

std::vector<Part> parts_of(const Model& m) {
  const EncoderSizes z{static_cast<std::size_t>(m.d), static_cast<std::size_t>(m.heads),
                       static_cast<std::size_t>(m.ff)};
  const std::string kind = m.kind;
  std::vector<Part> parts{{"words", "V d", m.vocabulary * m.d, 0}};
  if (kind == "transformer") parts[0].what = "words, shared";
  if (m.positions > 0) parts.push_back({"positions", "P d", m.positions * m.d, 0});
  if (kind == "bert") {
    parts.push_back({"segments", "2 d", 2 * m.d, 0});
    parts.push_back({"norm of the sum", "2 d", 0, 2 * m.d});
  }
  add_block(parts, "encoder", encoder_layer_shapes(z), {"attention"}, 2, m.layers);
  if (kind == "transformer")
    add_block(parts, "decoder", decoder_layer_shapes(z), {"self", "cross"}, 3, m.layers);
  if (kind == "gpt") {
    for (Part& part : parts) {  // the same block, under its name in GPT: a decoder without memory
      if (part.what.starts_with("encoder")) part.what.replace(0, 7, "decoder");
    }
    parts.push_back({"final norm", "2 d", 0, 2 * m.d});
  }
  if (kind == "bert") parts.push_back({"pooler", "d^2 + d", m.d * m.d, m.d});
  return parts;
}

double total_of(const std::vector<Part>& parts) {
  double total = 0;
  for (const Part& part : parts) total += part.times * part.each();
  return total;
}

std::string millions(double count) { return fmt::format("{:.1f} M", count / 1e6); }

/// What lies between our number and the paper's, in words.
void explain_gap(Trace& trace, const Model& m, double total, double matrices) {
  const double gap = m.published - total;
  trace.say(fmt::format("The paper says {:.0f} M ({}); counted here: {}, a gap of {:+.1f} M.",
                        m.published / 1e6, m.paper, millions(total), gap / 1e6));
  const std::string name = m.name;
  if (std::string(m.kind) == "transformer") {
    const auto gap_of = [](const char* model) {
      return named(model).published - total_of(parts_of(named(model)));
    };
    const double base_gap = gap_of("transformer-base"), big_gap = gap_of("transformer-big");
    trace.say(fmt::format(
        "Weight matrices alone are {}. Embedding, decoder embedding and output share one matrix "
        "(section 3.4); without sharing it would be {} more.",
        millions(matrices), millions(2 * m.vocabulary * m.d)));
    trace.say(fmt::format(
        "The paper gives its vocabulary as about 37 000, and does not say which biases it counts. "
        "To close the gap, this model would need a vocabulary of {:.0f}. But base lacks {:.1f} M "
        "and big has {:.1f} M too many: no single vocabulary explains both figures.",
        m.vocabulary + std::round(gap / m.d), base_gap / 1e6, -big_gap / 1e6));
    trace.say("Sinusoidal positions have no parameters.");
  } else if (std::string(m.kind) == "bert") {
    const double heads = m.d * m.d + m.d + 2 * m.d + m.vocabulary + 2 * m.d + 2;
    trace.say(fmt::format(
        "With the two heads of pre-training (a layer d^2 + d, its norm 2 d and V biases for the "
        "hidden words; 2 d + 2 for the next sentence) it is {}.",
        millions(total + heads)));
    trace.say(name == "bert-base"
                  ? "That is the paper's figure, rounded."
                  : fmt::format("Of the paper's 340 M, {} remain unexplained; the paper gives "
                                "a rounded figure and no count.",
                                millions(m.published - total - heads)));
  } else {
    trace.say(
        "The authors' code page says that the figures of the paper were wrong, and gives 124 M for "
        "this model. The output layer shares the matrix of words, so it adds nothing.");
  }
}

Model sized(const ParamsOptions& o) {
  Model m = named(o.preset);
  const auto take = [](std::int64_t given, double& to) {
    if (given > 0) to = static_cast<double>(given);
  };
  take(o.layers, m.layers);
  take(o.dim, m.d);
  take(o.heads, m.heads);
  take(o.ff, m.ff);
  take(o.vocab, m.vocabulary);
  if (o.dim > 0 && o.ff == 0) m.ff = 4 * m.d;
  require_heads_divide_dim(static_cast<std::size_t>(m.d), static_cast<std::size_t>(m.heads));
  return m;
}

void params(Stage& s, const ParamsOptions& o) {
  const Model m = sized(o);
  const bool own = o.layers > 0 || o.dim > 0 || o.heads > 0 || o.ff > 0 || o.vocab > 0;
  s.trace.title = fmt::format("The parameters of {}{}, block by block", m.name,
                              own ? " with sizes of your own" : "");
  s.trace.say(fmt::format(
      "L = {:.0f}, d = {:.0f}, H = {:.0f} (d_k = {:.0f}), ff = {:.0f}, V = "
      "{:.0f}{}. The number of heads does not matter: together they are "
      "always d wide.",
      m.layers, m.d, m.heads, m.d / m.heads, m.ff, m.vocabulary,
      m.positions > 0 ? fmt::format(", P = {:.0f} positions", m.positions) : std::string()));
  Table table{"parameters",
              "One block is counted once and taken L times.",
              {"part", "arithmetic", "one", "times", "all"},
              {}};
  const std::vector<Part> parts = parts_of(m);
  const double total = total_of(parts);
  double matrices = 0;
  for (const Part& part : parts) {
    table.rows.push_back(
        {part.what, part.arithmetic, part.each(), part.times, part.times * part.each()});
    matrices += part.times * part.matrices;
  }
  table.rows.push_back({std::string("weight matrices"), std::string("all with two axes"),
                        std::string(""), std::string(""), matrices});
  table.rows.push_back({std::string("biases and norms"), std::string("all with one axis"),
                        std::string(""), std::string(""), total - matrices});
  table.rows.push_back(
      {std::string("total"), std::string("the sum"), std::string(""), std::string(""), total});
  s.trace.add(std::move(table));
  s.trace.say(
      fmt::format("{:.0f} parameters: {}, in weight matrices alone {}. As floats they take "
                  "{:.0f} MB.",
                  total, millions(total), millions(matrices), 4 * total / 1e6));
  if (m.ff == 4 * m.d) {
    const bool both = std::string(m.kind) == "transformer";
    s.trace.say(fmt::format(
        "By heart: a block has about 12 d^2 = {} (4 d^2 in attention, 8 d^2 in the feed-forward "
        "net){}. All blocks: {}.",
        millions(12 * m.d * m.d), both ? ", a decoder's with its second attention 16 d^2" : "",
        millions(m.layers * (both ? 28 : 12) * m.d * m.d)));
  }
  if (own) return;
  explain_gap(s.trace, m, total, matrices);
}

}  // namespace

Command params_command() {
  return {.name = "params",
          .kind = CommandKind::about,
          .summary = "the parameters of known models, block by block",
          .example = "params --preset gpt2-small",
          .setup = with_options<ParamsOptions>(bind, params)};
}

}  // namespace attn::app
