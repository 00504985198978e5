#include <fmt/format.h>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/nn/attention.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

/// The first token's query, one number at a time: a row of X times each column of W_Q.
Array first_query_by_hand(const Array& x, const Array& w) {
  const std::size_t d = w.shape()[0], d_k = w.shape()[1];
  Array q = empty({1, d_k});
  for (std::size_t c = 0; c < d_k; ++c) {
    double sum = 0;
    for (std::size_t l = 0; l < d; ++l) sum += double{x.data()[l]} * w.data()[l * d_k + c];
    q.data()[c] = static_cast<real>(sum);
  }
  return q;
}

void qkv(Stage& s) {
  s.trace.title = "Queries, keys and values: three views of every token";
  const Tensor x = s.x();
  const std::size_t d = x.shape()[1];
  const AttentionParameters p{
      s.parameter("w_q", {d, d}), s.parameter("w_k", {d, d}), s.parameter("w_v", {d, d}), {}};
  s.trace.restart_clock();
  const Projected all = project(s.run, x, p);

  // One vector by hand, number by number; then compare it with the row that the product gave.
  const std::string token = s.trace.tokens.empty() ? "0" : s.trace.tokens[0];
  const Array by_hand = first_query_by_hand(x.value(), p.w_q.value());
  s.trace.say(fmt::format(
      "By hand, for the first token ('{}') alone: the first number of its query is its row of X "
      "times the first column of W_Q,",
      token));
  std::string line = "  ";
  for (std::size_t l = 0; l < d; ++l) {
    line += fmt::format("{}{:.3f}*{:.3f}", l == 0 ? "" : " + ", x.value().data()[l],
                        p.w_q.value().data()[l * d]);
  }
  s.trace.say(line + fmt::format(" = {:.3f}", by_hand.data()[0]));
  const Array first_row = slice_rows(Run{}, all.q, 0, 1).value();
  s.same("the first query by hand = the first row of the one product Q = X W_Q", by_hand,
         first_row);
  const auto one_by_one = [&](const Tensor& w, const Tensor& product) {
    double largest = 0;
    for (std::size_t i = 0; i < x.shape()[0]; ++i) {
      const Array one = linear(Run{}, slice_rows(Run{}, x, i, i + 1), w).value();
      largest = std::max(
          largest, double{largest_difference(one, slice_rows(Run{}, product, i, i + 1).value())});
    }
    return largest;
  };
  const double difference =
      std::max({one_by_one(p.w_q, all.q), one_by_one(p.w_k, all.k), one_by_one(p.w_v, all.v)});
  s.trace.check("all tokens one after another = all at once, for Q, K and V", difference, 1e-4);
  s.trace.say(
      "No row waits for another row: this is why attention computes all positions at once.");
}

}  // namespace

Command qkv_command() {
  return {.name = "qkv",
          .kind = CommandKind::stage,
          .summary = "queries, keys and values: one vector by hand, then all",
          .example = "qkv 'the animal was tired'",
          .setup = without_options(qkv)};
}

}  // namespace attn::app
