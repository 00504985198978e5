// Tasks that move tokens: say the first one, copy, reverse, sort.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attn/train/tasks_list.h"

namespace attn {
namespace {

constexpr std::size_t kTokens = 10;                                 // the digits
constexpr std::size_t kBlank = 0, kDelimiter = 1, kFirstToken = 2;  // input ids

/// n digits, a delimiter, n blanks; over the blanks, answer k is the digit that stood at order[k].
/// T = 2n+1, answers at steps n+1 .. 2n.
/// `set_order` turns the digits and 0 .. n-1 into the order of the answers.
template <class SetOrder>
std::unique_ptr<Task> rearrange(const std::string& name, std::size_t n, SetOrder set_order) {
  std::vector<std::string> inputs = {"_", "|"}, digits = numbered("", kTokens);
  inputs.insert(inputs.end(), digits.begin(), digits.end());
  auto task = task_of(name, n, 2 * n + 1, inputs, digits);
  task->draw = [n, set_order](Rng& rng, TaskExample& example) {
    std::vector<std::size_t> digit(n), order(n);
    for (std::size_t t = 0; t < n; ++t) {
      digit[t] = rng.below(kTokens);
      example.inputs[t] = static_cast<float>(kFirstToken + digit[t]);
    }
    example.inputs[n] = kDelimiter;
    std::fill(example.inputs.begin() + static_cast<std::ptrdiff_t>(n) + 1, example.inputs.end(),
              static_cast<float>(kBlank));
    std::iota(order.begin(), order.end(), std::size_t{0});
    set_order(digit, order);
    for (std::size_t k = 0; k < n; ++k) {
      example.ask(n + 1 + k, static_cast<double>(digit[order[k]]), order[k]);
    }
  };
  return task;
}

/// P(the k-th smallest of n random digits is v), (n, kTokens): it is at most v exactly if more than
/// k of the digits are, and their number is binomial with p = (v+1) / kTokens.
std::vector<std::vector<double>> sorted_digits(std::size_t n) {
  std::vector<std::vector<double>> at(n, std::vector<double>(kTokens, 0));
  std::vector<double> below(n, 0);  // P(k-th smallest < v)
  const double size = static_cast<double>(n);
  for (std::size_t v = 0; v < kTokens; ++v) {
    const double p = static_cast<double>(v + 1) / kTokens;
    double more = 0;  // P(more than k of the digits are at most v), from k = n-1 downwards
    for (std::size_t k = n; k-- > 0;) {
      const double j = static_cast<double>(k + 1);
      const double choices = std::lgamma(size + 1) - std::lgamma(j + 1) - std::lgamma(size - j + 1);
      more += v + 1 == kTokens ? (k + 1 == n ? 1.0 : 0.0)
                               : std::exp(choices + j * std::log(p) + (size - j) * std::log1p(-p));
      at[k][v] = std::max(0.0, more - below[k]);
      below[k] = more;
    }
  }
  return at;
}

}  // namespace

std::unique_ptr<Task> make_copy(std::size_t n) {
  auto task = rearrange("copy", n, [](const auto&, auto&) {});
  task->about = "Read n digits and a delimiter, then say the digits in the same order.";
  task->best = "1: every digit to say was read, n+1 steps before.";
  return task;
}

std::unique_ptr<Task> make_reverse(std::size_t n) {
  auto task = rearrange("reverse", n,
                        [](const auto&, auto& order) { std::reverse(order.begin(), order.end()); });
  task->about = "Read n digits and a delimiter, then say the digits backwards.";
  task->best = "1: every digit to say was read, 2 to 2n steps before.";
  return task;
}

std::unique_ptr<Task> make_sort(std::size_t n) {
  auto task = rearrange("sort", n, [](const auto& digit, auto& order) {
    // Equal digits stay in the order in which they were read, so that distances are settled.
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return digit[a] < digit[b]; });
  });
  task->about =
      "Read n digits and a delimiter, then say the digits from the smallest to the largest.";
  task->best = "1: the digits that were read settle every answer.";
  set_chance(*task, sorted_digits(n));  // small digits come first: the place alone tells something
  return task;
}

std::unique_ptr<Task> make_first(std::size_t n) {
  auto task = task_of("first", n, n, numbered("", kTokens), numbered("", kTokens));
  task->about = "Read n digits and say at the last one which was the first.";
  task->best = "1: the first digit was read, n-1 steps before.";
  task->draw = [n](Rng& rng, TaskExample& example) {
    for (float& input : example.inputs) input = static_cast<float>(rng.below(kTokens));
    example.ask(n - 1, example.inputs[0], 0);
  };
  return task;
}

}  // namespace attn
