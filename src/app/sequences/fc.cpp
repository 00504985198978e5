// fc: one small net for each word alone.
#include "app/frame/command.h"
#include "app/sequences/word_net.h"

namespace attn::app {

namespace {

struct FcOptions {
  std::int64_t hidden = 0;
};

void bind(Cli& cli, FcOptions& o) { bind_hidden(cli, o.hidden); }

void fc(Stage& s, const FcOptions& o) {
  s.trace.title = "One net for each word alone: it cannot know the neighbours";
  s.trace.result = "tags";
  const Tensor x = s.x();
  const WordNetSizes z{x.shape()[0], x.shape()[1], hidden_width(o.hidden, x.shape()[1]), 0};
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "Row i is the vector of token i: the same word, the same row.");
  const Tagged net = tag(s, x, z);
  compare_repeated(s, x.value(), x.value(), net, true);
  parameter_table(s, z);
  s.trace.say("Reading neighbours helps: attn window.");
}

}  // namespace

Command fc_command() {
  return {.name = "fc",
          .kind = CommandKind::stage,
          .summary = "a net for each word alone: both 'saw' look the same",
          .example = "fc 'I saw a saw'",
          .setup = with_options<FcOptions>(bind, fc),
          .default_text = "i saw a saw"};
}

}  // namespace attn::app
