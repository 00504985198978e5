// bert fill: fills in [MASK], and says what else it might be.
#include <fmt/format.h>

#include "app/bert/bert.h"
#include "app/bert/guesses.h"
#include "app/frame/command.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

struct BertFillOptions {
  BertTextOptions text;
};

void bind(Cli& cli, BertFillOptions& o) { bind_bert_text(cli, o.text); }

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

Command bert_fill_command() {
  return {.name = "bert fill",
          .kind = CommandKind::model,
          .summary = "fills in [MASK]",
          .example = "bert fill 'the cook can [MASK] the soup'",
          .setup = with_options<BertFillOptions>(bind, bert_fill)};
}

}  // namespace attn::app
