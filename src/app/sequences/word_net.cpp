#include "app/sequences/word_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "attn/core/error.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

const std::vector<std::string> kTags = {"PRON", "VERB", "DET", "NOUN"};

}  // namespace

void bind_hidden(Cli& cli, std::int64_t& hidden) {
  cli.integer("--hidden", hidden, 0, 100'000, "width h of the hidden layer; 0: 2d, at least 16",
              "H");
}

std::size_t hidden_width(std::int64_t asked, std::size_t d) {
  return asked > 0 ? static_cast<std::size_t>(asked) : std::max<std::size_t>(2 * d, 16);
}

Tagged tag(Stage& s, const Tensor& input, const WordNetSizes& z) {
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

namespace {

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

}  // namespace

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

void parameter_table(Stage& s, const WordNetSizes& z) {
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

}  // namespace attn::app
