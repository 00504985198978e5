// bert nsp: does sentence B follow sentence A?
#include <fmt/format.h>

#include "app/bert/bert.h"
#include "app/frame/command.h"
#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"
#include "attn/text/topics.h"

namespace attn::app {

namespace {

struct BertNspOptions {
  BertTextOptions text;
  std::int64_t pairs = 6;
};

void bind(Cli& cli, BertNspOptions& o) {
  bind_bert_text(cli, o.text);
  cli.integer("--pairs", o.pairs, 1, 1000, "pairs that are drawn where no text is given");
}

/// The pieces of A (0) or of B (1), where both were written as one text.
std::string sentence_of(const PieceVocabulary& vocabulary, const BertInput& input,
                        std::size_t segment) {
  std::vector<std::string> out;
  for (std::size_t i = 1; i < input.length(); ++i) {
    if (input.segments[i] == segment && input.ids[i] != vocabulary.sep())
      out.push_back(piece_name(vocabulary, input.ids[i]));
  }
  return joined(out, " ");
}

/// P(B follows A): reads the pair, unseen by any trace.
double follows(const BertCheckpoint& bert, const BertInput& input) {
  const Run run;
  const Tensor x = bert.model.embed(run, word_ids(input.ids), word_ids(input.segments));
  const Tensor pooled = bert.model.pooled(run, bert.model.encode(run, x, {}));
  return softmax(run, bert.model.nsp_logits(run, pooled)).value().data()[0];
}

/// Pairs as training draws them, with their label and the model's answer. -> the first of them.
std::vector<std::string> show_pairs(Stage& s, const BertCheckpoint& bert, std::int64_t count) {
  const TopicGrammar stories = TopicGrammar::parse(data_file("stories.topics"), "stories.topics");
  Rng rng = Rng(s.trace.seed).stream("pairs");
  Table table{"pairs",
              "Drawn as in training: half of the time B is the sentence after A, else one of "
              "another story. p: the model's probability that it follows.",
              {"A", "B", "label", "p", "right"},
              {}};
  table.only_data = true;  // two sentences side by side are too wide to read
  std::string drawn;
  std::vector<std::string> first;
  for (std::int64_t i = 0; i < count; ++i) {
    const TopicPair pair = stories.draw_pair(rng);
    const std::vector<std::string> texts = {stories.text(pair.a), stories.text(pair.b)};
    const double p =
        follows(bert, bert_input(bert.vocabulary, bert.rules, texts, bert.model.sizes().positions));
    table.rows.push_back({texts[0], texts[1], std::string(pair.is_next ? "follows" : "does not"), p,
                          std::string((p > 0.5) == pair.is_next ? "yes" : "no")});
    drawn += fmt::format("{}  A  {}\n   B  {}\n      {}; p = {:.3f}, {}\n", i, texts[0], texts[1],
                         pair.is_next ? "follows" : "does not follow", p,
                         (p > 0.5) == pair.is_next ? "right" : "wrong");
    if (first.empty()) first = texts;
  }
  s.trace.say(
      "Drawn as in training: half of the time B is the sentence after A, else one of another "
      "story. p: the model's probability that B follows.");
  s.trace.add(Verbatim{drawn});
  s.trace.add(std::move(table));
  s.trace.say("Pair 0, step by step:");
  return first;
}

void bert_nsp(Stage& s, const BertNspOptions& o) {
  const BertCheckpoint bert = begin_bert(s, o.text);
  const std::vector<std::string> texts =
      o.text.text.empty() ? show_pairs(s, bert, o.pairs) : o.text.text;
  const BertInput input =
      bert_input(bert.vocabulary, bert.rules, texts, bert.model.sizes().positions);
  if (input.segments.back() == 0) {
    throw Error(ErrorKind::usage, "one text, but next sentences need two",
                "write both in quotes: attn bert nsp 'first sentence' 'second sentence'");
  }
  s.trace.title = "Does B follow A?";
  say_unknown(s.trace, bert, texts, o.text.checkpoint.empty());
  const Tensor output = read_input(s, bert, input);
  const Tensor pooled = bert.model.pooled(s.run, output);
  const Tensor logits = bert.model.nsp_logits(s.run, pooled);
  require_finite(s.trace, logits);
  const Tensor probabilities = softmax(s.run, logits);
  note(s.run, "nsp.probabilities", "softmax(logits)", {"answer"}, probabilities);
  s.explain("output", "Row 0 is [CLS]: the one row that the next step reads.");
  s.explain("pooled", "A summary of both sentences: [CLS] has looked at every piece.");
  s.explain("nsp.logits", "Two numbers: B follows, or it does not.");
  s.explain("nsp.probabilities", "How likely each answer is. Both sum to 1.");
  const double p = probabilities.value().data()[0];
  const auto text = [&](std::size_t i) {
    return texts.size() == 2 ? texts[i] : sentence_of(bert.vocabulary, input, i);
  };
  s.trace.in_words =
      fmt::format("A: {}\nB: {}\nThe model gives {:.4f} that B follows A.", text(0), text(1), p);
  s.trace.say(s.trace.in_words);
  show_only(s.trace, [](const std::string& path) {
    return path == "segment_ids" || path == "output" || path == "pooled" || path == "nsp.logits" ||
           path == "nsp.probabilities";
  });
}

}  // namespace

Command bert_nsp_command() {
  return {.name = "bert nsp",
          .kind = CommandKind::model,
          .summary = "does the second sentence follow the first?",
          .example = "bert nsp",
          .setup = with_options<BertNspOptions>(bind, bert_nsp)};
}

}  // namespace attn::app
