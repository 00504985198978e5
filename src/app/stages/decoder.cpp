// The decoder: it sees its own words up to now, and through cross-attention the whole source.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "app/frame/command.h"
#include "app/stages/blocks.h"
#include "attn/core/error.h"
#include "attn/io/matrix_file.h"
#include "attn/nn/decoder.h"
#include "attn/nn/mask.h"
#include "attn/nn/position.h"
#include "attn/ops/ops.h"
#include "attn/text/utf8.h"
#include "attn/text/words.h"

namespace attn::app {

namespace {

struct DecoderOptions {
  BlockChoices block;
  std::string target, memory;
  std::int64_t vocab = 0, top = 3;
};

void bind(Cli& cli, DecoderOptions& o) {
  bind_block(cli, o.block, "number of blocks L; 0: 1");
  cli.text("--target", o.target, "WORDS",
           "the words written so far, apart by spaces; not given: <start> das tier war");
  cli.input_file("--memory", o.memory, "FILE",
                 "the encoder's result (m,d) from an .npy or .csv file in place of a text");
  cli.integer("--vocab", o.vocab, 0, 100'000,
              "with --input: how many words there are to choose from; 0: 8", "V");
  cli.integer("--top", o.top, 1, 100, "words to list after every word", "K");
}

constexpr const char* kEnd = "<end>";

/// Words as rows of a table of their own, under "PREFIX.ids" and "PREFIX.embedding" (without a
/// prefix: "ids"). A word's random row depends on the word and the seed alone. -> (n,d).
Tensor embedded(Stage& s, const std::string& prefix, const char* axis, const Numbered& words,
                std::size_t d) {
  const std::size_t v = words.vocabulary.size();
  require_drawable(prefix + "embedding", {v, d});
  Array ids = empty({words.ids.size()}), table = empty({v, d});
  std::copy(words.ids.begin(), words.ids.end(), ids.data());
  for (std::size_t i = 0; i < v; ++i) {
    const Array vector = s.rng.stream("embedding." + words.vocabulary[i]).normal({d}, 1);
    std::copy_n(vector.data(), d, table.data() + i * d);
  }
  const bool source = !prefix.empty();
  const char* word = source ? "source word" : "word";
  s.trace.labels[word] = words.vocabulary;
  const Tensor places = Tensor::ids(std::move(ids));
  note(s.run, prefix + "ids", "the place of each token in the vocabulary", {axis}, places);
  const Tensor rows = s.parameters.get_or(prefix + "embedding", table);
  note(s.run, prefix + "embedding", "E: one row per word of the vocabulary", {word, "d"}, rows);
  return embed(s.run, rows, places);
}

/// Positions are added to words, not to given matrices.
Tensor placed(Stage& s, const Tensor& x) {
  return add(s.run, x, sinusoidal(s.run, x.shape()[0], x.shape()[1]));
}

/// The source through an encoder of the same size. Of its steps the trace keeps the parameters:
/// `attn encoder` shows the others.
Tensor encoded_source(Stage& s, const EncoderSizes& z, const BlockOptions& o, std::size_t layers) {
  const Numbered words = number_tokens(s.tokens());
  s.trace.labels["memory"] = s.tokens();
  const Tensor x = placed(s, embedded(s, "source.", "memory", words, z.width));
  note(s.run, "source.x", "source words + positions", {"memory", "d"}, x);
  s.explain("source.x", "What the encoder reads: the sentence that is to be translated.");
  const std::size_t first = s.trace.items.size();
  std::vector<EncoderLayer> blocks;
  for (std::size_t l = 0; l < layers; ++l)
    blocks.push_back(encoder_layer(s.parameters, l, z, "encoder."));
  Tensor h = x;
  {
    const Scope scope(s.run, "encoder");
    for (std::size_t l = 0; l < layers; ++l) h = encode(s.run, h, blocks[l], l, o, {});
    if (o.norm_first) {
      const Scope inner(s.run, "final_norm");
      h = norm(s.run, h, norm_parameters(s.parameters, "encoder.final_norm.", z.width));
    }
  }
  return s.fold(first, h, "memory", "the encoder's output for the source", {"memory", "d"},
                "source.x");
}

struct Decoder {
  std::vector<DecoderLayer> layers;
  NormParameters final_norm;
  BlockOptions options;
  Tensor w, b;  // to the vocabulary: (d,V), (V)

  /// From the rows of the last block to probabilities.
  Tensor finish(const Run& run, Tensor h) const {
    if (options.norm_first) {
      const Scope scope(run, "final_norm");
      h = norm(run, h, final_norm);
    }
    note(run, "output", "what the last block gives", {"token", "d"}, h);
    const Scope scope(run, "logits");
    note(run, "w", "W: from the width d to the vocabulary", {"d", "word"}, w);
    note(run, "b", "b", {"word"}, b);
    return linear(run, h, w, b);  // (n,V)
  }
  Tensor logits(const Run& run, const Tensor& x, const Tensor& memory) const {
    const Tensor mask = Tensor::input(causal_mask(x.shape()[0]));
    Tensor h = x;
    for (std::size_t l = 0; l < layers.size(); ++l)
      h = decode(run, h, memory, layers[l], l, options, mask);
    return finish(run, h);
  }
};

Decoder make_decoder(Stage& s, const EncoderSizes& z, const BlockOptions& o, std::size_t layers,
                     std::size_t vocabulary) {
  Decoder d{{}, {}, o, {}, {}};
  for (std::size_t l = 0; l < layers; ++l) d.layers.push_back(decoder_layer(s.parameters, l, z));
  if (o.norm_first) d.final_norm = norm_parameters(s.parameters, "final_norm.", z.width);
  d.w = s.parameter("logits.w", {z.width, vocabulary});
  d.b = s.parameters.get_or("logits.b", zeros({vocabulary}));
  return d;
}

void explain_decoder(Stage& s, std::size_t layers) {
  s.explain("x", "What the decoder reads: the words written so far, with their positions.");
  for (std::size_t l = 0; l < layers; ++l) {
    const std::string at = fmt::format("layer.{}.", l);
    s.explain(at + "output", l + 1 < layers ? "Row i: word i after this block."
                                            : "Row i: word i after the last block.");
  }
  s.explain("output", "Row i stands for the word that comes after word i.");
}

/// The likeliest next words after each word.
void top_words(Stage& s, const Tensor& probabilities, const std::vector<std::string>& target,
               std::size_t top) {
  const std::vector<std::string>& known = s.trace.labels["word"];
  const auto name = [&](const std::vector<std::string>& names, std::size_t i) {
    return i < names.size() ? names[i] : fmt::format("{}", i);
  };
  const std::size_t n = rows(probabilities.value()), v = columns(probabilities.value());
  Table table{"next_words",
              "The likeliest words after each word. The model is not trained, so they mean nothing "
              "yet.",
              {"after", "right", "its probability", "likeliest"},
              {}};
  if (!s.common.weights.empty()) table.about = "The likeliest words after each word.";
  for (std::size_t i = 0; i < n; ++i) {
    const auto p = row(probabilities.value(), i);
    std::vector<std::size_t> order(v);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    std::string best;
    for (std::size_t k = 0; k < std::min(top, v); ++k) {
      best += fmt::format("{}{} {:.3f}", k == 0 ? "" : ", ", name(known, order[k]), p[order[k]]);
    }
    Table::Cell right = std::string("?"), probability = std::string("?");
    if (i + 1 < target.size()) {
      right = target[i + 1];
      const auto at = std::find(known.begin(), known.end(), target[i + 1]);
      probability = double{p[static_cast<std::size_t>(at - known.begin())]};
    }
    table.rows.push_back({name(target, i), right, probability, best});
  }
  s.trace.add(std::move(table));
}

void check_decoder(Stage& s, const Decoder& d, const Tensor& x, const Tensor& memory,
                   const Tensor& logits) {
  const std::size_t n = x.shape()[0], width = x.shape()[1];
  std::vector<LayerCache> caches;
  for (const DecoderLayer& layer : d.layers)
    caches.push_back(layer_cache(Run{}, memory, layer, d.options.heads, n));
  Array one_by_one = empty(logits.shape());
  for (std::size_t i = 0; i < n; ++i) {
    Tensor h = slice_rows(Run{}, x, i, i + 1);
    for (std::size_t l = 0; l < d.layers.size(); ++l)
      h = decode_next(Run{}, h, d.layers[l], l, d.options, caches[l]);
    const Array next = d.finish(Run{}, h).value();
    std::copy_n(next.data(), next.size(), one_by_one.data() + i * next.size());
  }
  s.same("one word after the other, keeping keys and values, = all words at once under the mask",
         one_by_one, logits.value());
  if (n > 1) {
    Array changed = x.value();
    for (std::size_t c = 0; c < width; ++c)
      changed.data()[(n - 1) * width + c] += c % 2 == 0 ? real{1} : real{-2};
    Array after = d.logits(Run{}, Tensor(std::move(changed)), memory).value();
    std::copy_n(logits.value().data() + (n - 1) * columns(after), columns(after),
                after.data() + (n - 1) * columns(after));  // its own row may change
    s.trace.check("changing the last word changes no row before it",
                  largest_difference(after, logits.value()), 0);
  }
  Array other = memory.value();
  for (std::size_t c = 0; c < width; ++c) other.data()[c] += c % 2 == 0 ? real{1} : real{-2};
  const Array after = d.logits(Run{}, x, Tensor(std::move(other))).value();
  std::size_t moved = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto a = row(after, i), b = row(logits.value(), i);
    moved += !std::equal(a.begin(), a.end(), b.begin());
  }
  s.trace.say(
      fmt::format("Changing the memory's first row changes {} of {} rows of the logits: through "
                  "cross-attention every word can see the whole source.",
                  moved, n));
}

void check_options(const Stage& s, const DecoderOptions& o) {
  const auto both = [](const char* a, const char* b, const char* what) {
    throw Error(ErrorKind::usage, fmt::format("{} and {} are both given", a, b),
                fmt::format("each makes {}: give one of them", what));
  };
  if (!s.common.input.empty() && !o.target.empty()) both("--input", "--target", "X");
  if (!o.memory.empty() && s.has_text()) both("a text", "--memory", "the memory");
  if (o.vocab > 0 && s.common.input.empty())
    throw Error(ErrorKind::usage, "--vocab without --input",
                "the vocabulary is the words of --target and <end>");
  if (s.common.is_given("--position"))
    throw Error(ErrorKind::usage, "--position means nothing here",
                "words always get sinusoidal positions, and --input is taken as it stands");
}

void decoder(Stage& s, const DecoderOptions& o) {
  check_options(s, o);
  // --input stands for the target here, so that the source may be a text beside it.
  const std::string input = std::exchange(s.common.input, "");
  s.trace.title = "The decoder: its own words so far, and the source through cross-attention";
  s.trace.result = "next_words";
  const bool given_x = !input.empty(), given_memory = !o.memory.empty();
  // 1. what is read: X of the target, memory of the source
  Tensor x = given_x ? read_rows(input, "X") : Tensor();
  Tensor memory = given_memory ? read_rows(o.memory, "the memory") : Tensor();
  const std::size_t d = x ? x.shape()[1] : memory ? memory.shape()[1] : s.d();
  if (x && memory && memory.shape()[1] != d) {
    throw Error(ErrorKind::bad_input,
                fmt::format("X {} and the memory {} do not fit", to_string(x.shape()),
                            to_string(memory.shape())),
                "both need the same width d");
  }
  const EncoderSizes z = block_sizes(s, o.block, d);
  const BlockOptions options = block_options(z, o.block);
  const std::size_t layers = o.block.layers > 0 ? static_cast<std::size_t>(o.block.layers) : 1;
  const double width = double(d), ff = double(z.ff);
  require_drawable_model(s, double(layers) * (12 * width * width + 4 * width * ff));
  const std::vector<std::string> target =
      given_x ? std::vector<std::string>{}
              : target_words(o.target.empty() ? "<start> das tier war" : o.target);
  const double n = given_x ? double(x.shape()[0]) : double(target.size()),
               m = given_memory ? double(memory.shape()[0]) : double(s.tokens().size());
  s.require_memory(
      sizeof(real) * double(layers) *
          (4.0 * double(z.heads) * (n * n + n * m + m * m) + (n + m) * (30 * width + 3 * ff)),
      fmt::format("{} blocks over {:.0f} and {:.0f} tokens", layers, n, m));
  if (given_memory) {
    note(s.run, "memory", "the encoder's output, given", {"memory", "d"}, memory);
  } else {
    memory = encoded_source(s, z, options, layers);
  }
  std::size_t vocabulary = o.vocab > 0 ? static_cast<std::size_t>(o.vocab) : 8;
  // From here on the rows are the target's words.
  s.trace.tokens = target;
  for (const char* axis : {"token", "query", "key"}) s.trace.labels[axis] = target;
  if (!given_x) {
    std::vector<std::string> known = target;
    known.emplace_back(kEnd);
    Numbered words = number_tokens(known);
    words.ids.pop_back();
    vocabulary = words.vocabulary.size();
    x = placed(s, embedded(s, "", "token", words, d));
  }
  note(s.run, "x", given_x ? "X: one row per word" : "target words + positions", {"token", "d"}, x);
  // 2. blocks, linear, softmax
  const Decoder decoder = make_decoder(s, z, options, layers, vocabulary);
  s.trace.restart_clock();
  const Tensor logits = decoder.logits(s.run, x, memory);
  note(s.run, "logits", "output W + b", {"token", "word"}, logits);
  const Tensor probabilities = softmax(s.run, logits);
  note(s.run, "probabilities", "softmax(logits)", {"token", "word"}, probabilities);
  explain_decoder(s, layers);
  top_words(s, probabilities, target, static_cast<std::size_t>(o.top));
  check_decoder(s, decoder, x, memory, logits);
  s.trace.say(
      "In training all rows are computed at once, each from the right words before it. When a "
      "sentence is written, the likeliest word of the last row is put after the others, and the "
      "decoder is asked again.");
}

}  // namespace

Command decoder_command() {
  return {.name = "decoder",
          .kind = CommandKind::stage,
          .summary = "masked self-attention, then attention to the source",
          .example = "decoder --target '<start> das tier'",
          .setup = with_options<DecoderOptions>(bind, decoder),
          .default_text = "the animal was tired",
          .default_position = "sinusoidal"};
}

}  // namespace attn::app
