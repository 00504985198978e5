// The whole encoder-decoder in one pass; how it learns and how it writes give the same numbers.
#include "attn/nn/transformer.h"
#include "app/frame/command.h"
#include "attn/core/error.h"

#include <fmt/format.h>

#include <chrono>

#include "app/stages/blocks.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"
#include "attn/text/words.h"

namespace attn::app {

namespace {

struct TransformerOptions {
  BlockChoices block;
  std::string target;
  bool tied = false, compare_modes = false, compare_cache = false;
};

void bind(Cli& cli, TransformerOptions& o) {
  bind_block(cli, o.block, "blocks of each stack; 0: 1");
  cli.text("--target", o.target, "WORDS",
           "the words written so far, apart by spaces; not given: <start> das tier war");
  cli.flag("--tied", o.tied, "the target's embedding is the output's weight too");
  cli.flag("--compare-modes", o.compare_modes,
           "word by word with kept keys and values, beside all at once: the same logits?");
  cli.flag("--compare-cache", o.compare_cache,
           "milliseconds per word with and without kept keys and values, up to 256 words");
}

/// The logits of each word, written one after the other. (T,V)
Array one_by_one(const Translator& model, const Tensor& source,
                 const std::vector<std::size_t>& target) {
  const auto state = model.start(Run{}, source);
  Array out;
  for (std::size_t t = 0; t < target.size(); ++t) {
    const Array logits = model.next(Run{}, *state, target[t]).value();
    if (t == 0) out = empty({target.size(), logits.size()});
    std::copy(logits.begin(), logits.end(), out.data() + t * logits.size());
  }
  return out;
}

void compare_modes(Stage& s, const Transformer& model, const Tensor& source,
                   const std::vector<std::size_t>& target, const Tensor& logits) {
  s.trace.say(
      "Training reads all target words at once (teacher forcing): the causal mask keeps each row "
      "from seeing the words after it. Writing goes word by word: each word computes only its own "
      "row and finds the keys and values of the words before it where they were kept.");
  const Tensor stepwise(one_by_one(model, source, target));
  s.trace.made(stepwise, {"word by word", {logits}, 0, [stepwise](std::size_t i) {
                            return Reason{
                                "computed again, one word at a time, beside the whole pass",
                                {std::string("by the pass word by word")},
                                stepwise.value().data()[i]};
                          }});
  note(s.run, "stepwise.logits", "the same rows, one word at a time", {"token", "word"}, stepwise);
  s.same("teacher forcing and word by word give the same logits at every position", logits.value(),
         stepwise.value());
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

/// Writes `longest` words (any words: the work is the same) and times the last ones of each length.
void compare_cache(Stage& s, const TransformerSizes& sizes) {
  constexpr std::size_t kLongest = 256, kWindow = 8;
  TransformerSizes z = sizes;
  z.positions = kLongest;
  Parameters own(s.rng.stream("cache"));
  const Transformer model(z, own);
  const Tensor source = word_ids(std::vector<std::size_t>(16, 0));
  std::vector<std::size_t> words;
  const auto state = model.start(Run{}, source);
  Table table{"cache",
              "With kept keys and values a word costs (nearly) the same however many came before. "
              "Without them, every word computes the whole sentence again.",
              {"words", "ms a word, kept", "ms a word, all again", "times"},
              {}};
  double largest = 0, magnitude = 0;
  std::vector<double> kept;
  for (std::size_t n = 1; n <= kLongest; ++n) {
    const std::size_t word = n % z.target_vocabulary;
    words.push_back(word);
    const auto start = std::chrono::steady_clock::now();
    const Tensor one = model.next(Run{}, *state, word);
    kept.push_back(milliseconds_since(start));
    if (n < 16 || (n & (n - 1)) != 0) continue;
    const auto again = std::chrono::steady_clock::now();
    const Tensor all = model.logits(Run{}, source, word_ids(words));
    const double without = milliseconds_since(again);
    const std::size_t v = z.target_vocabulary;
    for (std::size_t i = 0; i < v; ++i) {
      const double right = all.value().data()[(n - 1) * v + i];
      largest = std::max(largest, std::abs(right - double{one.value().data()[i]}));
      magnitude = std::max(magnitude, std::abs(right));
    }
    std::vector<double> last(kept.end() - kWindow, kept.end());
    std::nth_element(last.begin(), last.begin() + kWindow / 2, last.end());
    const double with = last[kWindow / 2];
    table.rows.push_back({double(n), with, without, without / with});
  }
  s.trace.add(std::move(table));
  s.trace.check("with and without kept keys and values: the same logits at each of these lengths",
                largest, 1e-5 * std::max(magnitude, 1.0));
}

void choose_looks(Trace& trace) {
  std::size_t hidden = 0;
  for (Item& item : trace.items) {
    auto* step = std::get_if<Step>(&item);
    if (!step) continue;
    const std::string& p = step->path;
    if (p.ends_with("weights")) {
      step->look = Look::map;
    } else if (p.ends_with("ids") || p == "encoder.x" || p == "decoder.x" ||
               p == "encoder.output" || p == "logits" || p == "probabilities" ||
               p == "stepwise.logits") {
      step->look = Look::numbers;
    } else {
      step->look = Look::hidden;
      ++hidden;
    }
  }
  trace.say(
      fmt::format("{} further steps are not shown: --show '*' shows all, --show "
                  "'decoder.layer.0.cross.*' those of one part.",
                  hidden));
}

void transformer(Stage& s, const TransformerOptions& o) {
  if (s.common.is_given("--position"))
    throw Error(ErrorKind::usage, "--position means nothing here",
                "source and target words always get learned positions");
  s.trace.title = "The Transformer: an encoder reads, a decoder writes";
  const Numbered source = number_tokens(s.tokens());
  const std::vector<std::string> written =
      target_words(o.target.empty() ? "<start> das tier war" : o.target);
  const Numbered target = number_tokens(written);
  const EncoderSizes block = block_sizes(s, o.block, s.d());
  const TransformerSizes z{
      .source_vocabulary = source.vocabulary.size(),
      .target_vocabulary = target.vocabulary.size(),
      .width = block.width,
      .heads = block.heads,
      .ff = block.ff,
      .layers = o.block.layers > 0 ? static_cast<std::size_t>(o.block.layers) : 1,
      .positions = std::max<std::size_t>({64, source.ids.size(), target.ids.size()}),
      .norm_first = o.block.norm == "pre",
      .tied = o.tied};
  const double d = double(z.width);
  require_drawable_model(s, double(z.layers) * (12 * d * d + 4 * d * double(z.ff)));
  s.require_memory(
      sizeof(real) * double(z.layers) * 3 * double(z.heads) *
          double(source.ids.size() + target.ids.size()) *
          double(source.ids.size() + target.ids.size()),
      fmt::format("a Transformer over {} and {} words", source.ids.size(), target.ids.size()));
  for (const char* axis : {"encoder.query", "encoder.key", "encoder.token", "memory", "source"})
    s.trace.labels[axis] = s.tokens();
  for (const char* axis : {"query", "key", "token", "target"}) s.trace.labels[axis] = written;
  s.trace.labels["word"] = target.vocabulary;
  s.trace.labels["source_word"] = source.vocabulary;
  const Transformer model(z, s.parameters);
  const Tensor source_ids = word_ids(source.ids), target_ids = word_ids(target.ids);
  s.trace.restart_clock();
  note(s.run, "source_ids", "the words that are read", {"source"}, source_ids);
  note(s.run, "target_ids", "the words that are written so far", {"target"}, target_ids);
  const Tensor logits = model.logits(s.run, source_ids, target_ids);
  note(s.run, "logits", "row i: what comes after word i", {"token", "word"}, logits);
  const Tensor probabilities = softmax(s.run, logits);
  note(s.run, "probabilities", "softmax(logits)", {"token", "word"}, probabilities);
  s.explain(
      "probabilities",
      "Row i: how likely each word is after word i. The weights are random here, so these are "
      "guesses: attn translate shows a model that has learnt.");
  s.trace.say(fmt::format(
      "{} parameters.{}", model.parameter_count(),
      z.tied ? fmt::format(" Tied: without it, {} more (a matrix of its own from the width to the "
                           "words).",
                           z.width * z.target_vocabulary)
             : fmt::format(" --tied would save {} of them.", z.width * z.target_vocabulary)));
  if (o.compare_modes) compare_modes(s, model, source_ids, target.ids, logits);
  if (o.compare_cache) compare_cache(s, z);
  choose_looks(s.trace);
}

}  // namespace

Command transformer_command() {
  return {.name = "transformer",
          .kind = CommandKind::stage,
          .summary = "encoder and decoder in one: learning and writing agree",
          .example = "transformer --compare-modes",
          .setup = with_options<TransformerOptions>(bind, transformer),
          .default_position = "learned"};
}

}  // namespace attn::app
