#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

/// Cosines are shown between at most this many words: every further pair gives 0 as well.
constexpr std::size_t kCompared = 24;

/// What a picture, a sound or a molecule has in the place of words.
void tokens_of_another_kind(Stage& s) {
  s.trace.title = "Not words, but vectors all the same";
  s.trace.say(s.source().tokens);
  const Tensor x = s.x();
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", s.source().vectors);
  s.trace.result = "x";
}

void tokens(Stage& s) {
  s.refuse_positions();
  if (!s.source().tokens.empty()) return tokens_of_another_kind(s);
  s.trace.title = "Text becomes tokens, tokens become numbers";
  s.trace.result = "tokens";
  const Tensor ids = s.ids();
  const std::size_t v = s.vocabulary().size();
  Table table{"tokens",
              "Each token with its place in the sentence and in the vocabulary.",
              {"position", "token", "id"},
              {}};
  for (std::size_t i = 0; i < s.tokens().size(); ++i) {
    table.rows.push_back({double(i), s.tokens()[i], double{ids.value().data()[i]}});
  }
  s.trace.add(std::move(table));

  s.require_memory(sizeof(real) * double(v) * double(s.tokens().size()),
                   "one-hot vectors of this text");
  s.trace.restart_clock();
  const Tensor hot = one_hot(s.run, ids, v);  // (n,V)
  note(s.run, "one_hot", "1 at the token's id, 0 elsewhere", {"token", "word"}, hot);
  s.explain(
      "one_hot",
      "One row per token. Equal tokens have equal rows; the width is the size of the vocabulary.");

  const std::size_t few = std::min(v, kCompared);
  Array places = empty({few});
  for (std::size_t i = 0; i < few; ++i) places.data()[i] = static_cast<real>(i);
  const Tensor unit =
      unit_rows(s.run, one_hot(s.run, Tensor::ids(std::move(places), Tensor::Kind::value), v));
  const Tensor cosine = matmul_nt(s.run, unit, unit);  // (few,few)
  note(s.run, "cosine", "cos(a, b) = a . b / (|a| |b|)", {"word", "word"}, cosine);
  s.explain("cosine",
            "Only a word with itself gives 1. One-hot vectors know no likeness: to them, "
            "'cat' and 'dog' are as different as 'cat' and 'the'.");
  double largest = 0;
  for (std::size_t i = 0; i < few * few; ++i) {
    if (i / few != i % few) largest = std::max(largest, std::abs(double{cosine.value().data()[i]}));
  }
  s.trace.check("the cosine between any two different one-hot rows is 0", largest, 0);
}

}  // namespace

Command tokens_command() {
  return {.name = "tokens",
          .kind = CommandKind::stage,
          .summary = "words or characters, their ids, one-hot vectors",
          .example = "tokens 'I saw a saw'",
          .setup = without_options(tokens)};
}

}  // namespace attn::app
