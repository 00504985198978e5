// Tasks that have to keep something for a long time: associative recall, adding, copy-memory.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "attn/train/tasks_list.h"

namespace attn {

namespace {

/// The share of `drawn` numbers below `kinds` that the most frequent of them has, on average:
/// E[its count] = sum over m of P(it is more than m), and at most m of each kind are in
/// drawn! [x^drawn] (sum_k<=m x^k/k!)^kinds of the kinds^drawn draws.
double most_frequent(std::size_t drawn, std::size_t kinds) {
  double expected = 0;
  for (std::size_t most = 0; most < drawn; ++most) {
    std::vector<double> ways(drawn + 1, 0);  // / drawn!, of so many numbers
    ways[0] = 1;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      std::vector<double> next(drawn + 1, 0);
      for (std::size_t had = 0; had <= drawn; ++had) {
        for (std::size_t k = 0; k <= std::min(most, drawn - had); ++k)
          next[had + k] += ways[had] / std::tgamma(double(k) + 1);
      }
      ways = next;
    }
    expected +=
        1 - ways[drawn] * std::tgamma(double(drawn) + 1) / std::pow(double(kinds), double(drawn));
  }
  return expected / double(drawn);
}

}  // namespace

// Pairs "key value", then queries: keys whose values are to be said at the query's own step. Asking
// for many pairs instead of one gives as many answers to learn from per sequence; this is the
// multi-query associative recall of Arora et al. 2023, "Zoology" (2312.04927), section 3, with the
// queries behind the pairs instead of among them. Two thirds of the steps are pairs up to n = 24;
// beyond, blanks stand between the 8 pairs and the queries: a longer sequence asks for a longer
// reach, not for more keys (with 21 pairs, attention too needed many thousands of steps).
std::unique_ptr<Task> make_recall(std::size_t n) {
  constexpr std::size_t keys = 8, values = 8;
  const std::size_t pairs = std::min(keys, (n + 1) / 3), queries = std::min(pairs, n - 2 * pairs);
  std::vector<std::string> inputs = {"_"};
  for (const std::string& key : numbered("k", keys)) inputs.push_back(key);
  for (const std::string& value : numbered("", values)) inputs.push_back(value);
  auto task = task_of("recall", n, n, inputs, numbered("", values));
  task->about =
      "Read pairs of a key and its value, then say the value of each key that is asked for; n "
      "counts "
      "all steps.";
  task->best = fmt::format(
      "1: every key that is asked for was read once, with its value after it. Guessing gives "
      "{:.3f}; who always says the most frequent of the values read reaches {:.3f}, a first "
      "plateau that needs no key.",
      task->chance, most_frequent(pairs, values));
  task->draw = [=](Rng& rng, TaskExample& example) {
    std::vector<std::size_t> key(keys), value(pairs), asked(pairs);
    std::iota(key.begin(), key.end(), std::size_t{0});
    std::iota(asked.begin(), asked.end(), std::size_t{0});
    rng.shuffle(std::span(key));  // the first of them are used: no key twice
    for (std::size_t p = 0; p < pairs; ++p) {
      value[p] = rng.below(values);
      example.inputs[2 * p] = static_cast<float>(1 + key[p]);
      example.inputs[2 * p + 1] = static_cast<float>(1 + keys + value[p]);
    }
    rng.shuffle(std::span(asked));
    for (std::size_t q = 0; q < queries; ++q) {
      const std::size_t p = asked[q], step = n - queries + q;
      example.inputs[step] = static_cast<float>(1 + key[p]);
      example.ask(step, static_cast<double>(value[p]), 2 * p + 1);
    }
  };
  return task;
}

// Hochreiter and Schmidhuber 1997, "Long short-term memory", section 5.4, as in Bai et al. 2018:
// numbers in [0, 1], one mark in each half, the target unscaled.
std::unique_ptr<Task> make_adding(std::size_t n) {
  auto task = task_of("adding", n, n, {"number", "mark"}, {"sum"});
  task->about =
      "Read n numbers, two of them marked, and say the sum of these two at the last step.";
  task->best =
      "loss 0: the sum follows from what was read; always saying 1 gives 1/6, the variance of the "
      "sum of two uniform numbers.";
  task->vocabulary = 0;
  task->features = 2;
  task->regression = true;
  task->best_accuracy = task->chance = task->alone_accuracy =
      std::numeric_limits<double>::quiet_NaN();
  task->chance_loss = 1.0 / 6;
  task->draw = [n](Rng& rng, TaskExample& example) {
    for (std::size_t t = 0; t < n; ++t) example.inputs[2 * t] = static_cast<float>(rng.uniform());
    const std::size_t a = rng.below(n / 2), b = n / 2 + rng.below(n - n / 2);
    example.inputs[2 * a + 1] = example.inputs[2 * b + 1] = 1;
    // The distance is that of the farther number: the nearer one is no help without it.
    example.ask(n - 1, double{example.inputs[2 * a]} + double{example.inputs[2 * b]}, a);
  };
  return task;
}

// Hochreiter and Schmidhuber 1997; Arjovsky et al. 2016, section 4.1; laid out as in Bai et al.
// 2018: 10 tokens of 8, n-1 blanks, 11 delimiters, and the 10 tokens due over the last 10 of these.
// T = n+20. They also count the n+10 blanks to be said before, so their baseline is
// 10 ln 8 / (n+20); here only the 10 tokens are asked for, and it is ln 8.
std::unique_ptr<Task> make_copy_memory(std::size_t n) {
  constexpr std::size_t kKept = 10, kTokens = 8, kDelimiter = 9;
  std::vector<std::string> names = numbered("", kTokens + 1), inputs = names;
  const std::vector<std::string> tokens(names.begin() + 1, names.end());  // "1" .. "8"
  inputs[0] = "_";
  inputs.push_back("|");
  auto task = task_of("copy-memory", n, n + 2 * kKept, inputs, tokens);
  task->about =
      "Read 10 tokens, wait about n blanks until a delimiter comes, then say the 10 tokens.";
  task->best =
      "1: every token to say was read, n+10 steps before; the literature's loss also counts the "
      "blanks before, so its baseline is 10 ln 8 / (n+20) where ours is ln 8.";
  task->draw = [n](Rng& rng, TaskExample& example) {
    for (std::size_t k = 0; k < kKept; ++k) {
      const std::uint64_t token = rng.below(kTokens);
      example.inputs[k] = static_cast<float>(1 + token);
      example.ask(n + kKept + k, static_cast<double>(token), k);
    }
    for (std::size_t t = n + kKept - 1; t < n + 2 * kKept; ++t) {
      example.inputs[t] = static_cast<float>(kDelimiter);
    }
  };
  return task;
}

}  // namespace attn
