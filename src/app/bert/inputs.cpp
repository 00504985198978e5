// bert inputs: a sentence, or a pair, becomes the sum of three embeddings.
#include <fmt/format.h>

#include <cmath>

#include "app/bert/bert.h"
#include "app/frame/command.h"
#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct BertInputsOptions {
  std::string checkpoint;
  LettersOptions letters;
};

void bind(Cli& cli, BertInputsOptions& o) {
  cli.input_file("--checkpoint", o.checkpoint, "DIR",
                 "a folder with config.json, vocab.txt and model.safetensors; without it, the "
                 "embeddings are random and --dim wide");
  bind_letters(cli, o.letters);
}

void refuse(const Common& common, const std::string& checkpoint) {
  for (const char* option : {"--input", "--level", "--position"}) {
    if (!common.is_given(option)) continue;
    throw Error(ErrorKind::usage, fmt::format("bert inputs has no {}", option),
                "BERT makes its pieces, embeddings and positions itself");
  }
  for (const char* option : {"--dim", "--seed", "--weights"}) {
    if (checkpoint.empty() || !common.is_given(option)) continue;
    throw Error(ErrorKind::usage, fmt::format("{} together with --checkpoint", option),
                "the checkpoint has all parameters; leave one of the two out");
  }
}

/// Which of the three tells two rows apart: words by distance between rows of each summand.
void say_what_differs(Stage& s, const BertInput& input, const PieceVocabulary& vocabulary) {
  for (std::size_t i = 0; i < input.length(); ++i) {
    for (std::size_t j = i + 1; j < input.length(); ++j) {
      if (input.ids[i] != input.ids[j] || vocabulary.is_special(input.ids[i])) continue;
      const Array& x = s.trace.find("x")->values();
      double square = 0;
      for (std::size_t k = 0; k < columns(x); ++k)
        square += std::pow(row(x, i)[k] - row(x, j)[k], 2);
      s.trace.say(fmt::format(
          "\"{}\" stands at places {} and {}: its token rows are equal, its rows of x are {:.3g} "
          "apart, by their places{}.",
          piece_name(vocabulary, input.ids[i]), i, j, std::sqrt(square),
          input.segments[i] == input.segments[j] ? "" : " and their sentences"));
      return;
    }
  }
}

void show(Stage& s, const Bert& model, const PieceVocabulary& vocabulary, const BertInput& input) {
  const std::vector<std::string> labels = piece_names(vocabulary, input.ids);
  s.trace.title = fmt::format("What BERT reads: {}", joined(labels, " "));
  const Tensor x = embed_input(s, model, vocabulary, input);
  s.explain("ids", "The same piece has the same number everywhere.");
  const auto value = [&](const char* path) -> const Array& { return s.trace.find(path)->values(); };
  double largest = 0;
  for (std::size_t i = 0; i < x.value().size(); ++i) {
    const double three = double{value("tokens").data()[i]} + value("segments").data()[i] +
                         value("positions").data()[i];
    largest = std::max(largest, std::abs(three - double{value("sum").data()[i]}));
  }
  s.trace.check("sum is the three summands, number by number", largest,
                1e-6 * std::max(1.0, double{largest_magnitude(value("sum"))}));
  say_what_differs(s, input, vocabulary);
  const BertSizes& z = model.sizes();
  s.trace.say(
      fmt::format("Parameters here: words {} x {}, segments {} x {}, positions {} x {}, and "
                  "2 x {} of the norm: {}.",
                  z.vocabulary, z.width, z.segments, z.width, z.positions, z.width, z.width,
                  (z.vocabulary + z.segments + z.positions + 2) * z.width));
}

void bert_inputs(Stage& s, const BertInputsOptions& o) {
  refuse(s.common, o.checkpoint);
  const std::vector<std::string> texts =
      s.has_text() ? s.common.text
                   : std::vector<std::string>{"the cat was playing", "the cat was tired"};
  const std::optional<bool> uncased = asked_uncased(o.letters);
  if (!o.checkpoint.empty()) {
    const BertCheckpoint bert = find_bert(s, o.checkpoint, uncased);
    return show(s, bert.model, bert.vocabulary,
                bert_input(bert.vocabulary, bert.rules, texts, bert.model.sizes().positions));
  }
  constexpr std::size_t kPositions = 64;
  const PieceVocabulary vocabulary =
      PieceVocabulary::parse(data_file("english.vocab.txt"), "english.vocab.txt");
  const BertInput input = bert_input(vocabulary, uncased.value_or(true), texts, kPositions);
  s.trace.say(
      "The embeddings here are random and narrow, so that they can be read; the pieces are those "
      "of "
      "a small English vocabulary. --checkpoint DIR shows those of a trained model.");
  const BertSizes sizes{.vocabulary = vocabulary.size(),
                        .width = s.d(),
                        .heads = 1,
                        .ff = 1,
                        .layers = 0,
                        .positions = kPositions,
                        .pooler = false,
                        .mlm = false,
                        .nsp = false};
  show(s, Bert(sizes, s.parameters), vocabulary, input);
}

}  // namespace

Command bert_inputs_command() {
  return {.name = "bert inputs",
          .kind = CommandKind::stage,
          .summary = "three embeddings and their sum",
          .example = "bert inputs 'the cat was playing' 'it was happy'",
          .setup = with_options<BertInputsOptions>(bind, bert_inputs)};
}

}  // namespace attn::app
