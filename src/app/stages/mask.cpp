#include "attn/nn/mask.h"
#include "app/frame/command.h"
#include "app/stages/mask_option.h"
#include "attn/core/how_many.h"

#include <fmt/format.h>

#include "attn/io/csv.h"
#include "attn/nn/attention.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

struct MaskOptions {
  std::string mask = "causal";
};

void bind(Cli& cli, MaskOptions& o) { bind_mask(cli, o.mask); }

/// Both ways agree where enough is left after zeroing. Where the kept weights have vanished in a
/// float nothing can bring them back: a reason to hide before the softmax.
void compare_both_ways(Stage& s, const Array& unmasked, const Array& keep, const Array& before,
                       const Array& after) {
  const std::size_t n = columns(unmasked);
  double largest = 0;
  std::size_t vanished = 0, unknown = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto whole = row(unmasked, i);
    if (std::any_of(whole.begin(), whole.end(), [](real a) { return std::isnan(a); })) {
      ++unknown;
      continue;
    }
    double left = 0, hidden = 0;
    for (std::size_t j = i * n; j < (i + 1) * n; ++j) {
      left += double{keep.data()[j]} * unmasked.data()[j];
      hidden += 1 - keep.data()[j];
    }
    if (left < 1e-30 && hidden < double(n)) {
      ++vanished;
      continue;
    }
    for (std::size_t j = i * n; j < (i + 1) * n; ++j) {
      const double difference = std::abs(double{before.data()[j]} - after.data()[j]);
      if (difference > largest || std::isnan(difference)) largest = difference;
    }
  }
  if (unknown < rows(unmasked)) {
    s.trace.check(
        "hiding before the softmax = setting weights to 0 after it and dividing by what is left",
        largest, 1e-5);
  }
  if (unknown > 0) {
    s.trace.say(fmt::format(
        "The two ways of hiding are not compared in {} of {}: there a score is +inf or not a "
        "number, and no weight is known.",
        unknown, how_many(rows(unmasked), "row")));
  }
  if (vanished > 0) {
    s.trace.say(
        fmt::format("In {} rows the second way fails: what is left of the weights is too small for "
                    "a float and has "
                    "become 0. Hiding before the softmax has no such trouble.",
                    vanished));
  }
}

void mask(Stage& s, const MaskOptions& o) {
  s.trace.title = "Masks: who may look at whom";
  s.trace.result = "weights";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  s.require_memory(sizeof(real) * 8.0 * double(n) * double(n),
                   fmt::format("masks for {}", how_many(n, "token")));
  const AttentionParameters p{
      s.parameter("w_q", {d, d}), s.parameter("w_k", {d, d}), s.parameter("w_v", {d, d}), {}};
  const Tensor given = make_mask(s, o.mask, n);
  const Tensor m = given ? given : Tensor::input(zeros({n, n}));
  s.trace.restart_clock();
  const Projected all = project(s.run, x, p);
  const Tensor scores = matmul_nt(s.run, all.q, all.k, 1 / std::sqrt(double(d)));
  note(s.run, "scores", "S = Q K^T / sqrt(d_k)", {"query", "key"}, scores);
  s.say_if_not_finite({"scores"});
  const Tensor unmasked = softmax(s.run, scores);
  note(s.run, "unmasked", "softmax(S): without a mask", {"query", "key"}, unmasked);
  note(s.run, "mask", "M: 0 where the query may look, -inf elsewhere", {"query", "key"}, m);
  const Tensor masked = add(s.run, scores, m);
  note(s.run, "masked", "S + M: before the softmax", {"query", "key"}, masked);
  s.explain("masked", "What is hidden has the score -inf: exp(-inf) is exactly 0.");
  const Tensor weights = softmax(s.run, masked);
  note(s.run, "weights", "A = softmax(S + M): after the softmax", {"query", "key"}, weights);
  s.explain(
      "weights",
      "Hidden keys have weight 0, and each row still sums to 1: the others share what is free. "
      "A row that may look nowhere is all 0.");
  const Tensor keep = Tensor::input(kept(m.value()));
  note(s.run, "keep", "1 where the query may look, 0 elsewhere", {"query", "key"}, keep);
  const Tensor after = renormalize(s.run, unmasked, keep);
  note(s.run, "renormalized", "keep softmax(S) / its row sum", {"query", "key"}, after);
  compare_both_ways(s, unmasked.value(), keep.value(), weights.value(), after.value());
  s.trace.say(
      "Setting weights to 0 without dividing is a common mistake: the rows no longer sum to 1.");
}

}  // namespace

Command mask_command() {
  return {.name = "mask",
          .kind = CommandKind::stage,
          .summary = "hiding keys: causal, local, padding, a graph",
          .example = "mask --mask local:2",
          .setup = with_options<MaskOptions>(bind, mask)};
}

}  // namespace attn::app
