#include "attn/ops/op.h"

namespace attn {

namespace {

/// The step at which a row of halting probabilities stops: the first whose running sum reaches the
/// threshold, or the last.
std::size_t halting_step(const real* p, std::size_t steps, double threshold) {
  double sum = 0;
  for (std::size_t s = 0; s + 1 < steps; ++s) {
    sum += p[s];
    if (sum >= threshold) return s;
  }
  return steps - 1;
}

}  // namespace

Tensor halting_weights(const Run& run, const Tensor& p, double threshold) {
  require_rank("halting_weights", "p", p, 1);
  const std::size_t steps = columns(p.value()), n = rows(p.value());
  Array out = zeros(p.shape());
  for (std::size_t i = 0; i < n; ++i) {
    const real* from = p.value().data() + i * steps;
    real* to = out.data() + i * steps;
    // 1. the probabilities until it stops, 2. and there what is left of 1
    const std::size_t last = halting_step(from, steps, threshold);
    double left = 1;
    for (std::size_t s = 0; s < last; ++s) {
      to[s] = from[s];
      left -= from[s];
    }
    to[last] = static_cast<real>(left);
  }
  Tensor y = make_result(run, std::move(out), {p});

  if (run.trace) {
    run.trace->made(
        y, {"halting_weights", {p}, 2.0 * double(n) * double(steps), [=](std::size_t i) {
              const std::size_t first = i / steps * steps, s = i % steps;
              const std::size_t last = halting_step(p.value().data() + first, steps, threshold);
              if (s > last) return Reason{"the position has stopped before", {}, 0}.text("0");
              if (s < last) return moved("not yet at the threshold: the probability itself", p, i);
              Reason reason{"the position stops here, and takes the remainder", {}, 1};
              reason.text("1");
              for (std::size_t j = 0; j < last; ++j) {
                reason.text(" - ").number(p, first + j);
                reason.value -= p.value().data()[first + j];
              }
              return reason;
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // where it stops is a choice, without a gradient
      for (std::size_t i = 0; i < n; ++i) {
        const real* dy = y.grad().data() + i * steps;
        real* dp = p.grad().data() + i * steps;
        const std::size_t last = halting_step(p.value().data() + i * steps, steps, threshold);
        for (std::size_t s = 0; s < last; ++s) dp[s] += dy[s] - dy[last];  // 2. and 1.
      }
    });
  }
  return y;
}

Tensor halting_stop(const Run& run, const Tensor& p, double threshold) {
  require_rank("halting_stop", "p", p, 1);
  const std::size_t steps = columns(p.value()), n = rows(p.value());
  Array out = zeros(p.shape());
  for (std::size_t i = 0; i < n; ++i)
    out.data()[i * steps + halting_step(p.value().data() + i * steps, steps, threshold)] = 1;
  Tensor y(std::move(out));
  if (run.trace) {
    run.trace->made(
        y, {"halting_stop", {p}, 1.0 * double(n) * double(steps), [=](std::size_t i) {
              const std::size_t first = i / steps * steps;
              const bool stops = y.value().data()[i] != 0;
              Reason reason{stops ? "1: here the sum reaches the threshold, or the steps end"
                                  : "0: the position stops at another step",
                            {},
                            stops ? 1.0 : 0.0};
              for (std::size_t j = first; j <= i; ++j)
                reason.text(j == first ? "" : " + ").number(p, j);
              return reason.text(fmt::format(" >= {:g} for the first time ?", threshold));
            }});
  }
  return y;
}

}  // namespace attn
