// bert mlm: guesses hidden words, with every step and the loss.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/bert/bert.h"
#include "app/bert/guesses.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/ops/ops.h"
#include "attn/train/masking.h"

namespace attn::app {

namespace {

struct BertMlmOptions {
  BertTextOptions text;
};

void bind(Cli& cli, BertMlmOptions& o) { bind_bert_text(cli, o.text); }

/// Masks drawn as in training; again, if by chance nothing was chosen.
Hidden drawn_masks(const BertInput& input, const PieceVocabulary& vocabulary, std::uint64_t seed) {
  constexpr int kTries = 10'000;
  const Masker masker(vocabulary.size(), vocabulary.mask(),
                      [&](std::size_t id) { return vocabulary.is_special(id); });
  Rng rng = Rng(seed).stream("chosen");
  for (int i = 0; i < kTries; ++i) {
    Masked masked = masker(input.ids, rng);
    if (masked.selected == 0) continue;
    Hidden hidden{input, {}, std::move(masked.targets)};
    hidden.input.ids = std::move(masked.ids);
    for (std::size_t p = 0; p < hidden.targets.size(); ++p) {
      if (hidden.targets[p] >= 0) hidden.places.push_back(p);
    }
    return hidden;
  }
  throw Error(ErrorKind::usage, "no word of this text can be hidden",
              "write some words that the vocabulary knows, or [MASK] in place of one");
}

/// -log of the softmax of these logits at `right`, in double: a probability of 1e-50 would be 0 as
/// a float, and its logarithm no number.
double surprise(const Array& logits, std::size_t r, std::size_t right) {
  const auto numbers = row(logits, r);
  const double largest = *std::max_element(numbers.begin(), numbers.end());
  double sum = 0;
  for (const real number : numbers) sum += std::exp(double{number} - largest);
  return std::log(sum) + largest - double{numbers[right]};
}

void show_loss(Stage& s, const BertCheckpoint& bert, const Hidden& hidden) {
  Array targets = empty({hidden.targets.size()});
  std::copy(hidden.targets.begin(), hidden.targets.end(), targets.data());
  const Tensor wanted = Tensor::ids(std::move(targets));
  note(s.run, "mlm.targets", "what was there; -1: not asked, so not counted", {"token"}, wanted);
  const Tensor logits = s.trace.find("mlm.logits")->data;
  const Tensor loss = cross_entropy(s.run, logits, wanted);
  note(s.run, "mlm.loss", "mean of -log p(right word) over the chosen places", {"number"}, loss);
  double sum = 0;
  std::string terms;
  for (std::size_t m = 0; m < hidden.places.size(); ++m) {
    const std::size_t place = hidden.places[m];
    const double minus_log = surprise(logits.value(), place, std::size_t(hidden.targets[place]));
    sum += minus_log;
    terms += fmt::format("{}-log({:.4g})", m == 0 ? "" : " + ", std::exp(-minus_log));
  }
  const double mean = sum / double(hidden.places.size());
  constexpr std::size_t kMostTerms = 6;
  if (hidden.places.size() > kMostTerms) terms = "the sum of -log p";
  s.trace.say(fmt::format(
      "Loss: ({}) / {} = {:.4f}. Only the {} chosen of {} count: at all others the word "
      "asked for stands there, and the model would only learn to copy. Guessing evenly among {} "
      "words would cost {:.4f}.",
      terms, hidden.places.size(), mean, hidden.places.size(),
      how_many(hidden.input.length(), "place"), bert.model.sizes().vocabulary,
      std::log(double(bert.model.sizes().vocabulary))));
  s.trace.check("the loss is the mean over the hidden places, counted by hand",
                std::abs(mean - double{loss.value().data()[0]}), 1e-4 * std::max(1.0, mean));
}

void bert_mlm(Stage& s, const BertMlmOptions& o) {
  const BertCheckpoint bert = begin_bert(s, o.text);
  const BertInput input = input_of(s, bert, o.text);
  Hidden hidden = written_masks(input, bert.vocabulary);
  const bool drawn = hidden.places.empty();
  if (drawn) hidden = drawn_masks(input, bert.vocabulary, s.trace.seed);
  s.trace.title =
      fmt::format("Hidden words: {}", joined(piece_names(bert.vocabulary, hidden.input.ids), " "));
  if (drawn) {
    s.trace.say(
        fmt::format("As in training, words were chosen by chance ({} of {}); --seed chooses "
                    "others. Write [MASK] yourself to ask for one.",
                    hidden.places.size(), input.length()));
  }
  const Tensor probabilities = guess(s, bert, hidden);
  show_guesses(s, bert, hidden, probabilities.value());
  if (drawn) show_loss(s, bert, hidden);
  s.explain("output",
            "Row i: piece i after all blocks; the rows of hidden places make the guesses.");
  show_only(s.trace, [&](const std::string& path) {
    return path == "ids" || path == "mlm.targets" || path == "mlm.loss" || path == "output" ||
           path == "mlm.transform";
  });
}

}  // namespace

Command bert_mlm_command() {
  return {.name = "bert mlm",
          .kind = CommandKind::model,
          .summary = "guesses hidden words, with every step and the loss",
          .example = "bert mlm",
          .setup = with_options<BertMlmOptions>(bind, bert_mlm)};
}

}  // namespace attn::app
