// embed: a table of vectors, and why looking up is the same as one-hot times table.
#include "app/frame/command.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

void embed(Stage& s) {
  s.refuse_positions();
  if (!s.source().tokens.empty()) {
    s.trace.title = "Vectors without a table";
    s.trace.say(s.source().vectors);
    const Tensor x = s.x();
    note(s.run, "x", "X: one row per token", {"token", "d"}, x);
    s.explain("x", "Row i is the vector of token i: every stage after this one sees nothing else.");
    return;
  }
  s.trace.title = "A one-hot vector times a table is a look-up";
  const Tensor ids = s.ids();
  s.trace.restart_clock();
  const Tensor hot = one_hot(s.run, ids, s.vocabulary().size());  // (n,V)
  note(s.run, "one_hot", "1 at the token's id, 0 elsewhere", {"token", "word"}, hot);
  const Tensor table = s.embedding();         // (V,d)
  const Tensor x = embed(s.run, table, ids);  // (n,d)
  note(s.run, "x", "x_i = E[id_i]", {"token", "d"}, x);
  s.explain(
      "x",
      "Row i is the row of E at token i's id. The same word has the same row, wherever it stands.");
  s.same("one_hot E = the rows looked up: the product only copies rows, so nobody computes it",
         linear(Run{}, hot, table).value(), x.value());
}

}  // namespace

Command embed_command() {
  return {.name = "embed",
          .kind = CommandKind::stage,
          .summary = "a table of vectors: look-up equals one-hot times table",
          .example = "embed 'I saw a saw'",
          .setup = without_options(embed)};
}

}  // namespace attn::app
