#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/io/csv.h"
#include "attn/io/matrix_file.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct SoftmaxOptions {
  std::string function = "softmax", axis = "row", hard;
  double temperature = 1;
  std::int64_t samples = 1000;
  bool naive = false;
};

void bind(Cli& cli, SoftmaxOptions& o) {
  cli.choice("--function", o.function, {"softmax", "relu", "hardmax", "sparsemax", "all"},
             "what makes weights of scores");
  cli.number("--temperature", o.temperature, 1e-30, 1e6,
             "divide the scores by this: below 1 sharper, above 1 flatter");
  cli.choice("--axis", o.axis, {"row", "column"}, "along which the weights sum to 1");
  cli.flag("--naive", o.naive, "beside it: exp(s)/sum exp(s) as it stands, which overflows");
  cli.choice("--hard", o.hard, {"argmax", "sample"},
             "hard attention: one place per row, the largest or a drawn one");
  cli.integer("--samples", o.samples, 1, 1'000'000,
              "draws per row that are counted for --hard sample");
}

/// Says which numbers of the text are the same float, though they were written differently.
void say_what_is_rounded(Trace& trace, std::string text) {
  for (char& c : text) c = c == ',' || c == ';' ? ' ' : c;
  std::map<real, std::pair<double, std::string>> seen;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::optional<real> number = parse_number(word);
    double written = 0;
    if (!number ||
        std::from_chars(word.data() + (word[0] == '+'), word.data() + word.size(), written).ec !=
            std::errc())
      continue;
    const auto [at, is_new] = seen.try_emplace(*number, written, word);
    if (is_new || at->second.first == written) continue;
    trace.say(
        fmt::format("{} and {} are the same number here: a float holds about 7 digits, so "
                    "both were rounded to {}.",
                    escaped(at->second.second), escaped(word), *number));
    return;
  }
}

Array given_scores(Stage& s) {
  if (!s.common.input.empty()) {
    if (s.has_text())
      throw Error(ErrorKind::usage, "numbers and --input are both given", "give one of them");
    return read_matrix(s.common.input);
  }
  const std::string text = s.has_text() ? joined(s.common.text, " ") : "2 1 0.1; 1 1 1; 8 0 -8";
  const bool file = text.ends_with(".npy") || text.ends_with(".csv");
  if (file) return read_matrix(text);
  Array scores = parse_matrix_text(text, "the numbers");
  say_what_is_rounded(s.trace, text);
  return scores;
}

Tensor weigh(const Run& run, const std::string& function, const Tensor& scores) {
  if (function == "softmax") return softmax(run, scores);
  if (function == "relu") return relu(run, scores);
  if (function == "hardmax") return hardmax(run, scores);
  return sparsemax(run, scores);
}

struct Words {
  const char* function;
  const char* formula;
  const char* about;
};
constexpr Words kWords[] = {
    {"softmax", "A = exp(s) / sum exp(s)",
     "On paper every weight is above 0 (a float rounds very small ones to 0), and each row sums to "
     "1. Larger scores take more than their share."},
    {"relu", "A = max(s, 0)",
     "No exponential and no sum: a weight does not depend on the other scores, and rows do not sum "
     "to 1."},
    {"hardmax", "A = 1 at the largest score, 0 elsewhere",
     "One place takes all. The gradient is 0 almost everywhere, so it cannot be learnt through."},
    {"sparsemax", "A = the nearest point of the simplex to s",
     "Rows sum to 1 as with softmax, but small scores get exactly 0."},
};

/// The largest score of each row, or, by column, of each column: where it stands.
std::vector<std::size_t> places_of_largest(const Array& scores, bool column) {
  const std::size_t n = rows(scores), m = columns(scores);
  std::vector<std::size_t> out(scores.size());
  for (std::size_t line = 0; line < (column ? m : n); ++line) {
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < (column ? n : m); ++k)
      places.push_back(column ? k * m + line : line * m + k);
    const std::size_t largest = *std::max_element(
        places.begin(), places.end(),
        [&](std::size_t a, std::size_t b) { return scores.data()[a] < scores.data()[b]; });
    for (const std::size_t place : places) out[place] = largest;
  }
  return out;
}

/// (s - largest of its row) / T: what is left of s / T where that is too large for a float. A
/// number below all floats becomes the lowest of them, whose exponential is 0 as well.
Tensor scaled_below_largest(Stage& s, const Tensor& scores, double temperature, bool column) {
  const std::vector<std::size_t> largest = places_of_largest(scores.value(), column);
  const auto value = [=](std::size_t i) {
    const real* from = scores.value().data();
    if (std::isinf(from[i])) return double{from[i]};  // hidden: -inf
    return std::max((double{from[i]} - double{from[largest[i]]}) / temperature,
                    double{std::numeric_limits<real>::lowest()});
  };
  Array out = empty(scores.shape());
  for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] = static_cast<real>(value(i));
  const Tensor scaled(std::move(out));
  s.trace.made(
      scaled,
      {"scaled_below_largest", {scores}, 2.0 * double(scaled.value().size()), [=](std::size_t i) {
         Reason reason{"its distance from the largest, divided", {}, value(i)};
         reason.text("(").number(scores, i).text(" - ");
         reason.number(scores, largest[i]);
         reason.text(fmt::format(") / {}", temperature));
         return reason;
       }});
  note(s.run, "scaled",
       fmt::format("(s - the largest of its {}) / {}", column ? "column" : "row", temperature),
       {"query", "key"}, scaled);
  s.explain("scaled",
            "s / T is too large for a float here. So the largest score was subtracted first, which "
            "changes no weight; what would be lower than any float is the lowest float.");
  return scaled;
}

/// s / T. Weights that depend on differences alone need no number that is too large for a float.
Tensor divided(Stage& s, const Tensor& scores, const SoftmaxOptions& o) {
  const Tensor plain = scale(Run{}, scores, 1 / o.temperature);
  bool known = true, overflows = false;
  for (std::size_t i = 0; i < scores.value().size(); ++i) {
    const real score = scores.value().data()[i];
    known = known && score < std::numeric_limits<real>::infinity();  // false for nan
    overflows |= std::isfinite(score) && !std::isfinite(plain.value().data()[i]);
  }
  const bool differences =
      o.function == "softmax" || o.function == "hardmax" || o.function == "sparsemax";
  if (differences && !o.naive && known && overflows)
    return scaled_below_largest(s, scores, o.temperature, o.axis == "column");
  const Tensor scaled = scale(s.run, scores, 1 / o.temperature);
  note(s.run, "scaled", fmt::format("s / {}", o.temperature), {"query", "key"}, scaled);
  s.explain("scaled", o.temperature < 1
                          ? "Scores further apart than before: the weights become sharper."
                          : "Scores nearer to one another than before: the weights become "
                            "flatter.");
  return scaled;
}

/// Draws one place per row, `samples` times: shares that come near the weights.
void show_samples(Stage& s, const Tensor& weights, std::int64_t samples) {
  const Tensor drawn = sample_rows(s.run, weights);
  note(s.run, "sampled", "one place per row, drawn with probability A", {"query", "key"}, drawn);
  s.explain("sampled",
            "Hard attention by sampling: the value at this one place is used. A draw has no "
            "gradient; the "
            "weights are trained by trying (REINFORCE).");
  Array shares = zeros(weights.shape());
  for (std::int64_t i = 0; i < samples; ++i) {
    const Array once = sample_rows(Run{nullptr, nullptr, &s.rng}, weights).value();
    for (std::size_t j = 0; j < shares.size(); ++j) shares.data()[j] += once.data()[j];
  }
  for (real& share : shares) share /= static_cast<real>(samples);
  s.trace.restart_clock();
  const Tensor shown(std::move(shares));
  s.trace.made(shown, {"shares", {weights}, 0, [shown, samples](std::size_t i) {
                         const double value = shown.value().data()[i];
                         return Reason{"counted",
                                       {fmt::format("{} of {} draws",
                                                    std::lround(value * double(samples)), samples)},
                                       value};
                       }});
  note(s.run, "shares", fmt::format("how often each place was drawn in {} draws", samples),
       {"query", "key"}, shown);
  s.explain("shares",
            "The more draws, the nearer to A: soft attention is the mean of hard attention.");
}

void softmax(Stage& s, const SoftmaxOptions& o) {
  if (s.common.is_given("--position"))
    throw Error(ErrorKind::usage, "--position means nothing here",
                "softmax takes scores, which have no places");
  s.trace.title = "From scores to weights";
  const Tensor given = Tensor::input(given_scores(s));
  if (given.value().size() == 0) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format(
            "{}: the scores have shape {}",
            escaped(s.common.input.empty() ? joined(s.common.text, " ") : s.common.input, 200),
            to_string(given.shape())),
        "at least one row and one column are needed");
  }
  const bool column = o.axis == "column";
  s.require_memory(8.0 * sizeof(real) * double(given.value().size()), "weights of these scores");
  s.trace.restart_clock();
  note(s.run, "scores", "s", {"query", "key"}, given);
  s.say_if_not_finite({"scores"});
  const Tensor scores = o.temperature == 1 ? given : divided(s, given, o);
  // The ops work along rows; a column is a row of the transpose.
  const auto along_axis = [&](auto op) {
    return column ? transpose(s.run, op(transpose(s.run, scores))) : op(scores);
  };
  Tensor weights;
  for (const Words& words : kWords) {
    const std::string function = words.function;
    if (o.function != "all" && o.function != function) continue;
    const Tensor y = along_axis([&](const Tensor& t) { return weigh(s.run, function, t); });
    const std::string path =
        o.function == "all" && function != "softmax" ? function + ".weights" : "weights";
    note(s.run, path, words.formula, {"query", "key"}, y);
    s.explain(path, words.about);
    if (!weights) weights = y;
  }
  if (o.naive) {
    const Tensor y = along_axis([&](const Tensor& t) { return naive_softmax(s.run, t); });
    note(s.run, "naive.weights", "exp(s) / sum exp(s), nothing subtracted", {"query", "key"}, y);
    const bool broken =
        std::any_of(y.value().begin(), y.value().end(), [](real x) { return std::isnan(x); });
    s.explain("naive.weights",
              broken ? "exp of a score above about 88 is too large for a float: inf / inf is nan. "
                       "The stable way subtracts "
                       "the row's largest score first, which changes nothing on paper."
                     : "Here both ways agree. Try a score above 88: '100 99 98'.");
  }
  if (o.hard == "argmax") {
    const Tensor y = along_axis([&](const Tensor& t) { return hardmax(s.run, t); });
    note(s.run, "hard", "1 at the largest score", {"query", "key"}, y);
    s.explain("hard",
              "Hard attention by argmax: look at one place only. A small change of the scores "
              "changes nothing, so "
              "there is no gradient.");
  }
  if (o.hard == "sample") {
    if (column || o.function == "relu") {
      throw Error(ErrorKind::usage, "--hard sample draws along rows that sum to 1",
                  "use --axis row and not --function relu");
    }
    show_samples(s, weights, o.samples);
  }
}

}  // namespace

Command softmax_command() {
  return {.name = "softmax",
          .kind = CommandKind::stage,
          .summary = "from scores to weights: softmax and its rivals",
          .example = "softmax '1 2 3; 4 5 6'",
          .setup = with_options<SoftmaxOptions>(bind, softmax)};
}

}  // namespace attn::app
