#pragma once
#include <functional>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/nn/parameters.h"

namespace attn {

/// What decides when a position has been computed enough: w (d,1), b (1).
struct HaltingParameters {
  Tensor w, b;
};
/// "halting.w" random, "halting.b" 0.
HaltingParameters halting_parameters(Parameters& parameters, std::size_t d);

struct AdaptiveResult {
  Tensor output;       ///< (n,d): the states of all steps, mixed with `weights`
  Tensor probability;  ///< (n,S): halting probability after each of the S steps that were computed
  Tensor weights;      ///< (n,S): how much each step counts; rows sum to 1
  Tensor steps;        ///< (n): how many steps the position took, N
  Tensor remainder;    ///< (n): the weight of its last step, R
  Tensor ponder;       ///< (n): N + R, what a training adds to its loss to save steps
};

/// Adaptive computation time in depth: `block(state, step)` again and again. After each step a
/// position halts with probability p = sigmoid(state w + b); it stops where the sum of its p has
/// reached `threshold`, or after `most` steps. Its state is then copied to the later steps, and the
/// others go on until all have stopped. The output mixes the states: p of each step, and at the
/// last one the remainder 1 - (sum of p before). x (n,d). Notes probability, stop, weights, steps,
/// remainder and ponder under "halting.", the copied states as "layer.S.state".
/// Graves 2016, "Adaptive computation time for recurrent neural networks", sections 2 and 2.1;
/// Dehghani et al. 2019, "Universal transformers", section 2.2.
AdaptiveResult adaptive_steps(const Run& run, const Tensor& x, const HaltingParameters& p,
                              const std::function<Tensor(const Tensor&, std::size_t)>& block,
                              std::size_t most, double threshold = 0.99);

}  // namespace attn
