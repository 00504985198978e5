// bert mlm and bert fill: guessing hidden words, with every step or in short.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/bert/bert.h"
#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"
#include "attn/train/masking.h"

namespace attn::app {

namespace {

struct BertMlmOptions {
  BertTextOptions text;
};

struct BertFillOptions {
  BertTextOptions text;
};

void bind(Cli& cli, BertMlmOptions& o) { bind_bert_text(cli, o.text); }
void bind(Cli& cli, BertFillOptions& o) { bind_bert_text(cli, o.text); }

constexpr std::size_t kGuesses = 5;

/// An input with hidden words: what stood there, where that is known.
struct Hidden {
  BertInput input;                    ///< as the model reads it
  std::vector<std::size_t> places;    ///< where a guess is asked
  std::vector<std::int64_t> targets;  ///< the id that was there, -1 where nothing is asked; empty:
                                      ///< nobody knows
};

/// The [MASK]s that the text itself has.
Hidden written_masks(const BertInput& input, const PieceVocabulary& vocabulary) {
  Hidden hidden{input, {}, {}};
  for (std::size_t i = 0; i < input.length(); ++i) {
    if (input.ids[i] == vocabulary.mask()) hidden.places.push_back(i);
  }
  return hidden;
}

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

std::vector<std::size_t> likeliest(const Array& table, std::size_t r, std::size_t most) {
  const auto numbers = row(table, r);
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  most = std::min(most, order.size());
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(most), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return numbers[a] != numbers[b] ? numbers[a] > numbers[b] : a < b;
                    });
  order.resize(most);
  return order;
}

/// Reads, and guesses at the hidden places. -> probabilities (m,V). Notes everything.
Tensor guess(Stage& s, const BertCheckpoint& bert, const Hidden& hidden) {
  const Tensor output = read_input(s, bert, hidden.input);
  const Tensor logits = bert.model.mlm_logits(s.run, output);
  const Tensor asked = embed(s.run, logits, word_ids(hidden.places));  // rows of the hidden places
  std::vector<std::string> labels;
  for (const std::size_t place : hidden.places) labels.push_back(fmt::format("place {}", place));
  s.trace.labels["hidden"] = labels;
  note(s.run, "mlm.asked", "the rows of logits at the hidden places", {"hidden", "word"}, asked);
  const Tensor probabilities = softmax(s.run, asked);
  require_finite(s.trace, logits);
  note(s.run, "mlm.probabilities", "softmax(asked)", {"hidden", "word"}, probabilities);
  return probabilities;
}

void show_guesses(Stage& s, const BertCheckpoint& bert, const Hidden& hidden,
                  const Array& probabilities) {
  const bool known = !hidden.targets.empty();
  Table table{"guesses",
              fmt::format("The {} likeliest words at each hidden place, with their probabilities "
                          "(softmax of the logits there).",
                          kGuesses),
              {"place", "reads", "guess", "p"},
              {}};
  if (known) table.columns.insert(table.columns.begin() + 2, "was");
  for (std::size_t m = 0; m < hidden.places.size(); ++m) {
    const std::size_t place = hidden.places[m];
    bool first = true;
    for (const std::size_t word : likeliest(probabilities, m, kGuesses)) {
      std::vector<Table::Cell> cells{std::string(), std::string(),
                                     piece_name(bert.vocabulary, word),
                                     double{row(probabilities, m)[word]}};
      if (first) {
        cells[0] = double(place);
        cells[1] = piece_name(bert.vocabulary, hidden.input.ids[place]);
      }
      if (known)
        cells.insert(cells.begin() + 2,
                     first ? piece_name(bert.vocabulary, std::size_t(hidden.targets[place]))
                           : std::string());
      first = false;
      table.rows.push_back(std::move(cells));
    }
  }
  s.trace.add(std::move(table));
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

std::string sentence(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& ids) {
  std::string out;
  for (const std::size_t id : ids) {
    if (id == vocabulary.cls()) continue;
    const std::string piece = id == vocabulary.sep() ? "|" : piece_name(vocabulary, id);
    if (piece.starts_with("##")) {
      out += piece.substr(2);
    } else {
      out += (out.empty() ? "" : " ") + piece;
    }
  }
  return out.substr(0, out.size() - 2);  // without the last " |"
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

void bert_fill(Stage& s, const BertFillOptions& o) {
  const BertCheckpoint bert = begin_bert(s, o.text);
  const std::vector<std::string> texts =
      o.text.text.empty() ? std::vector<std::string>{"the cook can [MASK] the soup"} : o.text.text;
  const BertInput input =
      bert_input(bert.vocabulary, bert.rules, texts, bert.model.sizes().positions);
  say_unknown(s.trace, bert, texts, o.text.checkpoint.empty());
  const Hidden hidden = written_masks(input, bert.vocabulary);
  if (hidden.places.empty()) {
    throw Error(ErrorKind::usage, "the text has no [MASK]",
                "write [MASK] in place of a word: attn bert fill 'the cook can [MASK] the soup'");
  }
  const Tensor probabilities = guess(s, bert, hidden);
  s.trace.title = "Filled in by BERT";
  BertInput filled = input;
  for (std::size_t m = 0; m < hidden.places.size(); ++m)
    filled.ids[hidden.places[m]] = likeliest(probabilities.value(), m, 1)[0];
  s.trace.say(fmt::format("Read:   {}\nFilled: {}", sentence(bert.vocabulary, input.ids),
                          sentence(bert.vocabulary, filled.ids)));
  show_guesses(s, bert, hidden, probabilities.value());
  if (hidden.places.size() > 1) {
    s.trace.say(
        "Every place was filled on its own: the model does not see what it writes at the others, "
        "so "
        "two guesses may not go together.");
  }
  show_only(s.trace, [](const std::string&) { return false; });
}

}  // namespace

Command bert_mlm_command() {
  return {.name = "bert mlm",
          .kind = CommandKind::model,
          .summary = "guesses hidden words, with every step and the loss",
          .example = "bert mlm",
          .setup = with_options<BertMlmOptions>(bind, bert_mlm)};
}

Command bert_fill_command() {
  return {.name = "bert fill",
          .kind = CommandKind::model,
          .summary = "fills in [MASK]",
          .example = "bert fill 'the cook can [MASK] the soup'",
          .setup = with_options<BertFillOptions>(bind, bert_fill)};
}

}  // namespace attn::app
