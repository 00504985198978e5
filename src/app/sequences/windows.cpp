// One small net for every word: alone (fc), and with its neighbours (window).
#include <fmt/format.h>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/layers.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct FcOptions {
  std::int64_t hidden = 0;
};

void bind(Cli& cli, FcOptions& o) {
  cli.integer("--hidden", o.hidden, 0, 100'000, "width h of the hidden layer; 0: 2d, at least 16",
              "H");
}

struct WindowOptions {
  std::int64_t radius = 1, hidden = 0;
};

void bind(Cli& cli, WindowOptions& o) {
  cli.integer("--radius", o.radius, 0, 1000, "neighbours on each side that the net reads", "R");
  cli.integer("--hidden", o.hidden, 0, 100'000, "width h of the hidden layer; 0: 2d, at least 16",
              "H");
}

const std::vector<std::string> kTags = {"PRON", "VERB", "DET", "NOUN"};

struct Sizes {
  std::size_t n, d, h, radius;
  std::size_t words() const { return 2 * radius + 1; }
};

std::size_t hidden_width(std::int64_t asked, std::size_t d) {
  return asked > 0 ? static_cast<std::size_t>(asked) : std::max<std::size_t>(2 * d, 16);
}

/// Every token's neighbours side by side, zeros beyond the ends: (n,(2r+1) d).
Tensor windows(Stage& s, const Tensor& x, const Sizes& z) {
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

/// relu(input W_1 + b_1) W_2 + b_2, softmax: a tag for every row of `input`.
struct Tagged {
  Tensor w_1, b_1, hidden, tags;
};

Tagged tag(Stage& s, const Tensor& input, const Sizes& z) {
  const std::size_t width = input.shape()[1];
  const Tensor w_1 = s.parameters.get("w_1", {width, z.h}, 1 / std::sqrt(double(width)));
  const Tensor b_1 = s.parameters.get("b_1", {z.h}, 0.1),
               w_2 = s.parameters.get("w_2", {z.h, kTags.size()}, 1 / std::sqrt(double(z.h)));
  const Tensor b_2 = s.parameters.get("b_2", {kTags.size()}, 0.1);
  s.trace.labels["tag"] = kTags;
  const char* in = z.radius == 0 ? "d" : "(2r+1) d";
  note(s.run, "w_1", "W_1: from what the net reads to its hidden layer", {in, "h"}, w_1);
  note(s.run, "b_1", "b_1", {"h"}, b_1);
  s.trace.restart_clock();
  const Tensor hidden = relu(s.run, linear(s.run, input, w_1, b_1));  // (n,h)
  note(s.run, "hidden", z.radius == 0 ? "max(x W_1 + b_1, 0)" : "max(windows W_1 + b_1, 0)",
       {"token", "h"}, hidden);
  s.explain("hidden", "Each row is computed from its own row alone: no row knows of another.");
  note(s.run, "w_2", "W_2: from the hidden layer to the tags", {"h", "tag"}, w_2);
  note(s.run, "b_2", "b_2", {"tag"}, b_2);
  const Tensor logits = linear(s.run, hidden, w_2, b_2);  // (n,tags)
  note(s.run, "logits", "hidden W_2 + b_2", {"token", "tag"}, logits);
  s.explain("logits", "A score for each tag.");
  const Tensor tags = softmax(s.run, logits);
  note(s.run, "tags", "softmax(logits)", {"token", "tag"}, tags);
  s.explain("tags",
            "Row i: how likely each tag is for token i. The weights are random, so the tags are no "
            "better than guesses; "
            "what counts is which rows are equal.");
  return {w_1, b_1, hidden, tags};
}

bool equal_rows(const Array& a, std::size_t i, std::size_t j) {
  const auto x = row(a, i), y = row(a, j);
  return std::equal(x.begin(), x.end(), y.begin());
}

double row_difference(const Array& a, std::size_t i, std::size_t j) {
  double largest = 0;
  for (std::size_t c = 0; c < columns(a); ++c)
    largest = std::max(largest, std::abs(double{row(a, i)[c]} - row(a, j)[c]));
  return largest;
}

std::string place(const Stage& s, std::size_t i) {
  return i < s.trace.tokens.size() ? fmt::format("'{}' at {}", escaped(s.trace.tokens[i]), i)
                                   : fmt::format("row {}", i);
}

/// The places where the same word (the same row of X) stands again: each with the first of its
/// kind.
std::vector<std::pair<std::size_t, std::size_t>> repeated(const Array& x) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t j = 1; j < rows(x) && j < 2000; ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      if (!equal_rows(x, i, j)) continue;
      pairs.emplace_back(i, j);
      break;
    }
  }
  return pairs;
}

/// What the net says of a word that stands at two places.
void compare_repeated(Stage& s, const Array& x, const Array& read, const Tagged& net, bool alone) {
  const auto pairs = repeated(x);
  if (pairs.empty()) {
    s.trace.say(s.common.position != "none"
                    ? "With a position added, the same word has another vector at every place: "
                      "even a net for single "
                      "words can tell the two apart."
                    : "No word stands twice in this text. Try: attn " +
                          std::string(alone ? "fc" : "window") + " 'I saw a saw'.");
    return;
  }
  Table table{"repeated",
              "Words that stand at two places.",
              {"first", "again", alone ? "the net reads" : "their windows",
               "largest difference of the tags"},
              {}};
  double same_input = 0, confused = 0;
  std::size_t equal = 0, silent = 0;
  for (const auto& [i, j] : pairs) {
    const bool read_equal = equal_rows(read, i, j);
    const double difference = row_difference(net.tags.value(), i, j);
    if (table.rows.size() < 20)
      table.rows.push_back({place(s, i), place(s, j),
                            std::string(read_equal ? "the same" : "different"), difference});
    if (read_equal) {
      ++equal;
      same_input = std::max(same_input, difference);
    } else if (difference == 0) {
      const auto a = row(net.hidden.value(), i), b = row(net.hidden.value(), j);
      const bool dead = std::all_of(a.begin(), a.end(), [](real v) { return v == 0; }) &&
                        std::all_of(b.begin(), b.end(), [](real v) { return v == 0; });
      ++(dead ? silent : equal);
      confused += !dead;
    }
  }
  s.trace.add(std::move(table));
  if (alone) {
    s.trace.check("the same word gets the same tags wherever it stands", same_input, 1e-6);
    s.trace.say(
        "'I saw a saw': the first is a verb, the second a noun, and this net cannot say so, "
        "however long it is trained: it reads "
        "the same numbers both times.");
    return;
  }
  if (equal > 0) s.trace.check("equal windows get equal tags", same_input, 1e-6);
  if (pairs.size() > equal + silent) {
    s.trace.check(
        "the same word with other neighbours gets other tags (pairs that the net cannot tell "
        "apart)",
        confused, 0);
  }
  if (silent > 0)
    s.trace.say(
        fmt::format("{} pairs have different windows but a hidden layer of zeros only (relu): use "
                    "a larger --hidden.",
                    silent));
}

void parameter_table(Stage& s, const Sizes& z) {
  const auto count = [](double words, double d, double h) {
    return words * d * h + h + h * double(kTags.size()) + double(kTags.size());
  };
  Table table{"parameters",
              fmt::format("Parameters by radius: (2r+1) d h + h, and h x {0} + {0} for the tags.",
                          kTags.size()),
              {"radius", "words read", fmt::format("here (d {}, h {})", z.d, z.h), "d 512, h 2048"},
              {}};
  std::set<std::size_t> radii{0, 1, 2, 5, 10, 50, z.radius};
  for (const std::size_t r : radii) {
    const double words = 2 * double(r) + 1;
    table.rows.push_back(
        {double(r), words, count(words, double(z.d), double(z.h)), count(words, 512, 2048)});
  }
  s.trace.add(std::move(table));
  double made = 0;
  for (const Step* step : s.trace.steps()) {
    if (step->path == "w_1" || step->path == "b_1" || step->path == "w_2" || step->path == "b_2")
      made += double(step->values().size());
  }
  s.trace.check("the formula counts the parameters that were made",
                std::abs(made - count(double(z.words()), double(z.d), double(z.h))), 0);
}

void variable_length(Stage& s, const Sizes& z) {
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

void fc(Stage& s, const FcOptions& o) {
  s.trace.title = "One net for each word alone: it cannot know the neighbours";
  s.trace.result = "tags";
  const Tensor x = s.x();
  const Sizes z{x.shape()[0], x.shape()[1], hidden_width(o.hidden, x.shape()[1]), 0};
  note(s.run, "x", "X: one row per token", {"token", "d"}, x);
  s.explain("x", "Row i is the vector of token i: the same word, the same row.");
  const Tagged net = tag(s, x, z);
  compare_repeated(s, x.value(), x.value(), net, true);
  parameter_table(s, z);
  s.trace.say("Reading neighbours helps: attn window.");
}

void window(Stage& s, const WindowOptions& o) {
  s.trace.title = "One net for each word with its neighbours: it knows as far as it reaches";
  s.trace.result = "tags";
  const Tensor x = s.x();
  const Sizes z{x.shape()[0], x.shape()[1], hidden_width(o.hidden, x.shape()[1]),
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

Command fc_command() {
  return {.name = "fc",
          .kind = CommandKind::stage,
          .summary = "a net for each word alone: both 'saw' look the same",
          .example = "fc 'I saw a saw'",
          .setup = with_options<FcOptions>(bind, fc),
          .default_text = "i saw a saw"};
}

Command window_command() {
  return {.name = "window",
          .kind = CommandKind::stage,
          .summary = "a net for each word with its neighbours",
          .example = "window --radius 1",
          .setup = with_options<WindowOptions>(bind, window),
          .default_text = "i saw a saw"};
}

}  // namespace attn::app
