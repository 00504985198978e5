#pragma once
#include <string>
#include <utility>
#include <vector>

#include "attn/graph/tensor.h"

namespace attn {

/// How parameters follow their gradients.
struct OptimizerOptions {
  std::string kind = "adam";  ///< adam, adamw, sgd
  double rate = 1e-3;         ///< learning rate, times the schedule's factor
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0.01;  ///< adamw only
  double momentum = 0.9;       ///< sgd only
  double clip = 1;             ///< largest norm of all gradients together; 0: no clipping
};

/// Adam: Kingma and Ba 2015, algorithm 1. AdamW: Loshchilov and Hutter 2019, algorithm 2 (decay of
/// the weights apart from the gradient). SGD with momentum: v = momentum v + g, p -= rate v.
class Optimizer {
 public:
  /// Throws Error(usage) for a kind that is none of these.
  Optimizer(const OptimizerOptions& options,
            std::vector<std::pair<std::string, Tensor>> parameters);

  void clear_gradients();
  /// One step with `factor` times the rate. Returns the norm of all gradients before clipping; if
  /// that is not finite nothing is changed.
  double step(double factor);

  /// Moments by name ("m.PATH", "v.PATH") for a checkpoint, and the number of steps done.
  std::vector<std::pair<std::string, Array*>> state();
  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 private:
  OptimizerOptions options_;
  std::vector<std::pair<std::string, Tensor>> parameters_;
  std::vector<Array> first_, second_;  // Adam's m and v; SGD's velocity is the first
  std::uint64_t steps_ = 0;
};

/// The factor on the learning rate at a step counted from 1.
///   constant   1
///   warmup     min(step^-1/2, step warmup^-3/2) / warmup^-1/2: up linearly, down as 1/sqrt(step);
///              Vaswani et al. 2017, equation 3, with its largest value set to 1
///   cosine     up linearly over `warmup` steps, then half a cosine down to 0 at `total`
struct Schedule {
  std::string kind = "constant";
  std::uint64_t warmup = 0, total = 0;
  double operator()(std::uint64_t step) const;
  /// Throws Error(usage) for a kind that is none of these.
  void check() const;
};

}  // namespace attn
