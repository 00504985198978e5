#include "attn/nn/score.h"
#include "app/frame/command.h"
#include "attn/core/error.h"

#include <fmt/format.h>

#include "attn/io/matrix_file.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct ScoreOptions {
  std::string function = "all", query, key;
  std::int64_t rank = 2, hidden = 0;
  std::vector<std::int64_t> sweep;
};

void bind(Cli& cli, ScoreOptions& o) {
  std::vector<std::string> names;
  for (const ScoreFunction& f : score_functions()) names.emplace_back(f.name);
  names.emplace_back("all");
  cli.choice("--function", o.function, names, "how a query and a key are compared");
  cli.input_file("--query", o.query, "FILE", "queries (n_q,d_q) in place of X W_Q");
  cli.input_file("--key", o.key, "FILE", "keys (n_k,d_k) in place of X W_K");
  cli.integer("--rank", o.rank, 1, 100'000, "rank r of lowrank");
  cli.integer("--hidden", o.hidden, 0, 100'000, "hidden width a of additive and concat; 0: d");
  cli.integers("--sweep", o.sweep, 1, 65'536,
               "widths d_k: how variance, entropy and gradient change with them");
}

/// Entropy of a row of weights in nats; 0 log 0 is 0.
double entropy(const real* weights, std::size_t n) {
  double sum = 0;
  for (std::size_t j = 0; j < n; ++j) {
    if (weights[j] > 0) sum -= weights[j] * std::log(double{weights[j]});
  }
  return sum;
}

/// Frobenius norm of the softmax's Jacobian diag(a) - a a^T: how much of a gradient comes through.
double jacobian_norm(const real* a, std::size_t n) {
  double squares = 0, cubes = 0;
  for (std::size_t j = 0; j < n; ++j) {
    squares += double{a[j]} * a[j];
    cubes += double{a[j]} * a[j] * a[j];
  }
  return std::sqrt(std::max(0.0, squares - 2 * cubes + squares * squares));
}

struct Focus {
  double entropy = 0, largest = 0, gradient = 0;  // means over the rows
};

Focus focus(const Array& weights) {
  Focus mean;
  const std::size_t n = columns(weights), count = rows(weights);
  for (std::size_t i = 0; i < count; ++i) {
    const auto r = row(weights, i);
    mean.entropy += entropy(r.data(), n) / double(count);
    mean.largest += *std::max_element(r.begin(), r.end()) / double(count);
    mean.gradient += jacobian_norm(r.data(), n) / double(count);
  }
  return mean;
}

struct QueriesAndKeys {
  Tensor q, k;
};

QueriesAndKeys queries_and_keys(Stage& s, const ScoreOptions& o) {
  if (o.query.empty() != o.key.empty()) {
    throw Error(ErrorKind::usage, "--query and --key belong together",
                "give both files, or neither");
  }
  QueriesAndKeys out;
  if (!o.query.empty()) {
    if (s.has_text() || !s.common.input.empty()) {
      throw Error(ErrorKind::usage, "--query and --key stand in place of a text or --input",
                  "give one or the other");
    }
    out = {Tensor::input(read_matrix(o.query)), Tensor::input(read_matrix(o.key))};
  } else {
    const Tensor x = s.x();
    const std::size_t d = x.shape()[1];
    note(s.run, "x", "X: one row per token", {"token", "d"}, x);
    const Tensor w_q = s.parameter("w_q", {d, d}), w_k = s.parameter("w_k", {d, d});
    note(s.run, "w_q", "W_Q", {"d", "d_k"}, w_q);
    note(s.run, "w_k", "W_K", {"d", "d_k"}, w_k);
    out = {linear(s.run, x, w_q), linear(s.run, x, w_k)};
  }
  note(s.run, "q", "the queries", {"query", "d"}, out.q);
  note(s.run, "k", "the keys", {"key", "d"}, out.k);
  return out;
}

/// How many numbers under "NAME." are parameters.
double parameter_count(const Trace& trace, const std::string& name) {
  double count = 0;
  for (const Step* step : trace.steps()) {
    if (step->path.starts_with(name + ".") && step->kind() == Tensor::Kind::parameter)
      count += double(step->values().size());
  }
  return count;
}

void sweep_scores(Stage& s, const ScoreOptions& o) {
  constexpr std::size_t kRows = 64;  // queries, and keys, at each width
  s.trace.title = "Why divide by sqrt(d_k)? The same measure at growing widths";
  s.trace.say(fmt::format(
      "{} queries and {} keys of independent standard normal numbers at each width d_k.", kRows,
      kRows));
  Table variance{"variance",
                 "The variance of q.k is the width itself: d_k products of variance 1 are added.",
                 {"d_k", "variance of q.k", "after / sqrt(d_k)"},
                 {}};
  Table effect{
      "effect",
      "What the softmax makes of the scores, means over the rows. gradient: size of its Jacobian "
      "(Frobenius norm); near 0, nothing is learnt.",
      {"d_k", "score", "entropy", "largest weight", "gradient"},
      {}};
  for (const std::int64_t width : o.sweep) {
    const auto d = static_cast<std::size_t>(width);
    s.require_memory(sizeof(real) * 2.0 * double(d) * double(d),
                     fmt::format("additive scores at width {}", d));
    const Tensor q(s.rng.stream(fmt::format("sweep.{}.q", d)).normal({kRows, d}, 1));
    const Tensor k(s.rng.stream(fmt::format("sweep.{}.k", d)).normal({kRows, d}, 1));
    Parameters parameters(s.rng.stream(fmt::format("sweep.{}", d)));
    double sum = 0, squares = 0;
    for (const char* name : {"dot", "scaled", "additive"}) {
      const Tensor scored = scores(Run{}, name, q, k, {2, d}, parameters);
      for (const real value : scored.value()) {
        if (std::string_view(name) != "dot") break;
        sum += value;
        squares += double{value} * value;
      }
      const Focus mean = focus(softmax(Run{}, scored).value());
      effect.rows.push_back({double(d), name, mean.entropy, mean.largest, mean.gradient});
      if (std::string_view(name) != "additive") continue;
      const Focus scaled =
          focus(softmax(Run{}, scale(Run{}, scored, 1 / std::sqrt(double(d)))).value());
      effect.rows.push_back(
          {double(d), "additive / sqrt(d_k)", scaled.entropy, scaled.largest, scaled.gradient});
    }
    const double n = kRows * kRows, var = squares / n - sum / n * (sum / n);
    variance.rows.push_back({double(d), var, var / double(d)});
  }
  s.trace.add(std::move(variance));
  s.trace.add(std::move(effect));
  s.trace.say(fmt::format("The largest possible entropy is ln {} = {:.3f}.", kRows,
                          std::log(double(kRows))));
  s.trace.say(
      "Unscaled dot products grow with the width until one key takes all the weight and the "
      "gradient dies; "
      "divided by sqrt(d_k) they stay as they were. Additive scores need no scale: their variance "
      "comes from v, "
      "which the width does not make larger.");
}

void score(Stage& s, const ScoreOptions& o) {
  if (!o.sweep.empty()) return sweep_scores(s, o);
  s.trace.title = "Score functions: how well do a query and a key fit?";
  s.trace.result = "comparison";
  const auto [q, k] = queries_and_keys(s, o);
  const std::size_t d_q = q.shape()[1], d_k = k.shape()[1];
  const bool all = o.function == "all";
  const ScoreSizes sizes{static_cast<std::size_t>(o.rank),
                         o.hidden > 0 ? static_cast<std::size_t>(o.hidden) : std::max(d_q, d_k)};
  const double pairs = double(q.shape()[0]) * double(k.shape()[0]);
  s.require_memory(sizeof(real) * pairs * (all ? 14 : 2),
                   fmt::format("scores of {:.3g} pairs", pairs));

  Table table{
      "comparison",
      "Side by side on the same queries and keys.",
      {"function", "parameters", "operations", "entropy (nats)", "largest weight", "time (ms)"},
      {}};
  std::vector<std::string> computed;
  for (const ScoreFunction& f : score_functions()) {
    const std::string name = f.name;
    if (!all && o.function != name) continue;
    if (all && needs_equal_widths(name) && d_q != d_k) {
      s.trace.say(
          fmt::format("{} is left out: it needs queries and keys of one width, here {} and {}.",
                      name, d_q, d_k));
      continue;
    }
    scores(Run{}, name, q, k, sizes, s.parameters);  // once before it is timed: a first run is slow
    s.trace.restart_clock();
    const Tensor scored = scores(s.run, name, q, k, sizes, s.parameters);
    const Tensor weights = softmax(s.run, scored);
    note(s.run, name + ".weights", "A = softmax(s)", {"query", "key"}, weights);
    const Focus mean = focus(weights.value());
    computed.push_back(name + ".scores");
    const Step& made = *s.trace.find(computed.back());
    table.rows.push_back({name, parameter_count(s.trace, name), made.flops, mean.entropy,
                          mean.largest, made.milliseconds});
  }
  s.say_if_not_finite(computed);
  s.trace.add(std::move(table));
  s.trace.say(
      fmt::format("Entropy says how spread a row is: from 0 (one key has all the weight) to ln {} "
                  "= {:.3f} (all alike). ",
                  k.shape()[0], std::log(double(k.shape()[0]))));
  if (all) {
    s.trace.say(
        "For each pair, dot needs 2d operations and additive 4a (a tanh counted as one): twice as "
        "many if a = d. Once per token additive also needs q W_q and k W_k, which is most of its "
        "work in a short text. Its time grows more than that: all dot products together are one "
        "matrix product, which a processor does best. Compare operations and times in a text of "
        "200 words, with --dim 64.");
    s.trace.say(
        "general and lowrank let queries and keys have different widths. additive and concat are "
        "one function: "
        "[q;k] W is q times the upper half of W plus k times the lower half.");
  }
}

}  // namespace

Command score_command() {
  return {.name = "score",
          .kind = CommandKind::stage,
          .summary = "seven score functions on the same queries and keys",
          .example = "score --function all",
          .setup = with_options<ScoreOptions>(bind, score)};
}

}  // namespace attn::app
