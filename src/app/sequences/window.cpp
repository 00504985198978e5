// window: one small net for each word with its neighbours.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/sequences/word_net.h"
#include "attn/core/how_many.h"
#include "attn/nn/layers.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct WindowOptions {
  std::int64_t radius = 1, hidden = 0;
};

void bind(Cli& cli, WindowOptions& o) {
  cli.integer("--radius", o.radius, 0, 1000, "neighbours on each side that the net reads", "R");
  bind_hidden(cli, o.hidden);
}

/// Every token's neighbours side by side, zeros beyond the ends: (n,(2r+1) d).
Tensor windows(Stage& s, const Tensor& x, const WordNetSizes& z) {
  const std::size_t width = z.words() * z.d, d = z.d, n = z.n, r = z.radius;
  s.require_memory(sizeof(real) * 2.0 * double(n) * double(width),
                   fmt::format("windows of {} words", z.words()));
  Array out = zeros({n, width});
  for (std::size_t t = 0; t < n; ++t) {
    for (std::size_t j = 0; j < z.words(); ++j) {
      if (t + j >= r && t + j - r < n)
        std::copy_n(x.value().data() + (t + j - r) * d, d, out.data() + t * width + j * d);
    }
  }
  const Tensor y(std::move(out));
  s.trace.made(y, {"windows", {x}, 0, [=](std::size_t i) {
                     const std::size_t t = i / width, j = i % width / d, c = i % d;
                     if (t + j < r || t + j - r >= n)
                       return Reason{"beyond the end of the text stands 0", {std::string("0")}, 0};
                     Reason reason{fmt::format("the vector of the word {} {}",
                                               how_many(j < r ? r - j : j - r, "step"),
                                               j < r ? "before" : "after"),
                                   {},
                                   double{x.value().data()[(t + j - r) * d + c]}};
                     if (j == r) reason.rule = "the vector of the word itself";
                     return reason.number(x, (t + j - r) * d + c);
                   }});
  return y;
}

void variable_length(Stage& s, const WordNetSizes& z) {
  const std::size_t one = z.d * z.n;
  s.trace.say(
      fmt::format("What of one net for the whole sentence? All {} side by side are {}, "
                  "so its W_1 has {}. A sentence "
                  "with one word more gives {} numbers, and they do not fit: it needs another W_1, "
                  "trained on its own, for every "
                  "length. What one matrix learns about a word at place 2 says nothing about the "
                  "same word at place 3.",
                  how_many(z.n, "word"), how_many(one, "number"), how_many(one, "row"), one + z.d));
  s.trace.say(
      "A variable length needs the same weights at every place and a way to carry what was read: a "
      "recurrent net (attn rnn), "
      "stacked convolutions (attn cnn), or attention (attn attend).");
}

void window(Stage& s, const WindowOptions& o) {
  s.trace.title = "One net for each word with its neighbours: it knows as far as it reaches";
  s.trace.result = "tags";
  const Tensor x = s.x();
  const WordNetSizes z{x.shape()[0], x.shape()[1], hidden_width(o.hidden, x.shape()[1]),
                       static_cast<std::size_t>(o.radius)};
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "Row i is the vector of token i: the same word, the same row.");
  const Tensor read = windows(s, x, z);  // (n,(2r+1) d)
  note(s.run, "windows",
       fmt::format("[x(t-{0}) ... x(t) ... x(t+{0})]: side by side, 0 beyond the ends", z.radius),
       {"token", "(2r+1) d"}, read);
  s.explain("windows", fmt::format("Row t: what the net reads for token t, {} of {}.",
                                   how_many(z.words(), "word"), how_many(z.d, "number")));
  const Tagged net = tag(s, read, z);
  compare_repeated(s, x.value(), read.value(), net, false);
  if (z.n > 1 && z.radius >= z.n - 1) {
    s.trace.say(
        fmt::format("With radius {} every window holds all {} of this text, and zeros: a "
                    "longer text would not fit again.",
                    z.radius, how_many(z.n, "word")));
  } else {
    s.trace.say(
        fmt::format("What stands more than {} away is out of reach.", how_many(z.radius, "word")));
  }
  const Tensor taps = reshape(Run{}, net.w_1, {z.words(), z.d, z.h});
  s.same(
      "the same numbers cut into one matrix per neighbour are a convolution, and it gives the same "
      "hidden layer",
      net.hidden.value(), convolution_layer(Run{}, x, {taps, net.b_1}).value());
  parameter_table(s, z);
  variable_length(s, z);
}

}  // namespace

Command window_command() {
  return {.name = "window",
          .kind = CommandKind::stage,
          .summary = "a net for each word with its neighbours",
          .example = "window --radius 1",
          .setup = with_options<WindowOptions>(bind, window),
          .default_text = "i saw a saw"};
}

}  // namespace attn::app
