#include "attn/nn/adaptive.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

HaltingParameters halting_parameters(Parameters& parameters, std::size_t d) {
  return {parameters.get("halting.w", {d, 1}, 1 / std::sqrt(static_cast<double>(d))),
          parameters.get_or("halting.b", zeros({1}))};
}

namespace {

/// The rows of `fresh` that still run, the others as they were in `old`.
Tensor keep_halted(const Run& run, const Tensor& fresh, const Tensor& old,
                   const std::vector<bool>& halted) {
  const std::size_t n = halted.size();
  Array rows = empty({n});
  for (std::size_t i = 0; i < n; ++i) rows.data()[i] = static_cast<real>(halted[i] ? n + i : i);
  return embed(run, concat_rows(run, fresh, old),
               Tensor::ids(std::move(rows), Tensor::Kind::value));
}

}  // namespace

AdaptiveResult adaptive_steps(const Run& run, const Tensor& x, const HaltingParameters& p,
                              const std::function<Tensor(const Tensor&, std::size_t)>& block,
                              std::size_t most, double threshold) {
  const std::size_t n = x.shape()[0], d = x.shape()[1];
  std::vector<double> sum(n, 0);
  std::vector<bool> halted(n, false);
  std::size_t running = n, done = 0;
  Tensor state = x, states, probability;  // (n,d), (n,S d), (n,S)
  while (running > 0 && done < most) {
    const Tensor fresh = block(state, done);
    state = running == n ? fresh : keep_halted(run, fresh, state, halted);
    if (running < n && run.trace) {
      note(run, fmt::format("layer.{}.state", done), "halted rows are copied from before",
           {"token", "d"}, state);
    }
    const Tensor now = sigmoid(run, linear(run, state, p.w, p.b));  // (n,1)
    states = done == 0 ? state : concat_columns(run, states, state);
    probability = done == 0 ? now : concat_columns(run, probability, now);
    for (std::size_t i = 0; i < n; ++i) {
      if (halted[i]) continue;
      sum[i] += now.value().data()[i];
      if (!(sum[i] < threshold)) {  // NaN stops too
        halted[i] = true;
        --running;
      }
    }
    ++done;
  }
  const Scope scope(run, "halting");
  note(run, "w", "w", {"d", "p"}, p.w);
  note(run, "b", "b", {"p"}, p.b);
  note(run, "probability", "p = sigmoid(state w + b), after every step", {"token", "step"},
       probability);
  const Tensor stop = halting_stop(run, probability, threshold);  // (n,S)
  note(run, "stop", "1 where the sum of p reaches the threshold", {"token", "step"}, stop);
  const Tensor weights = halting_weights(run, probability, threshold);  // (n,S)
  note(run, "weights", "p before the last step, 1 - (sum of p before) at it", {"token", "step"},
       weights);
  Array counts = empty({done, 1});
  for (std::size_t s = 0; s < done; ++s) counts.data()[s] = static_cast<real>(s + 1);
  const Tensor steps = reshape(run, linear(run, stop, Tensor(std::move(counts))), {n});
  note(run, "steps", "N: the step at which it stops", {"token"}, steps);
  const Tensor remainder = reshape(
      run, matmul(run, reshape(run, weights, {n, 1, done}), reshape(run, stop, {n, done, 1})), {n});
  note(run, "remainder", "R: the weight of the last step", {"token"}, remainder);
  const Tensor ponder = add(run, steps, remainder);
  note(run, "ponder", "N + R", {"token"}, ponder);
  const Tensor mixed = matmul(run, reshape(run, weights, {n, 1, done}),
                              reshape(run, states, {n, done, d}));  // (n,1,d)
  return {reshape(run, mixed, {n, d}), probability, weights, steps, remainder, ponder};
}

}  // namespace attn
