#pragma once
#include <functional>
#include <string>
#include <vector>

#include "attn/train/learner.h"
#include "attn/train/optimizer.h"

namespace attn {

struct TrainingOptions {
  std::size_t batch = 32;
  std::size_t accumulate = 1;  ///< batches whose mean gradient makes one step
  std::uint64_t steps = 1000;  ///< at most
  std::uint64_t seed = 1;
  OptimizerOptions optimizer;
  Schedule schedule;
  double smoothing = 0;            ///< label smoothing
  std::uint64_t check_every = 50;  ///< steps between looks at fresh sequences of the training split
};

/// What an observer of a training is told after each step.
struct TrainingStep {
  std::uint64_t step, steps;
  double loss, accuracy;  ///< accuracy of the last look; NaN before the first
  double steps_per_second, seconds_left;
};

/// Trains. It stops after the last step, or after two good looks in a row. Where it stands
/// (parameters, moments, generators, step) is a checkpoint; going on from one gives the same bits
/// as never having stopped.
class Trainer {
 public:
  /// Throws Error(usage) if batch, accumulate or check_every is 0, or a kind of optimizer or
  /// schedule is unknown.
  Trainer(const Learner& learner, const TrainingOptions& options);

  /// Runs until the stopping rule, the last step, or until `observe` returns false.
  /// Throws Error(no) with the step and the first broken layer if a number is not finite.
  void train(const std::function<bool(const TrainingStep&)>& observe);

  bool finished() const;  ///< by rule or by step count, not by the observer
  std::uint64_t step() const { return step_; }
  double seconds() const { return seconds_; }
  double last_loss() const { return last_loss_; }

  /// Writes a checkpoint safely (the one before stays as .bak).
  void save(const std::string& path) const;
  /// Goes on from a checkpoint. Throws Error(bad_input) if it is damaged or of another model, task
  /// or version; all differences are listed.
  void load(const std::string& path);

 private:
  double one_step();
  [[noreturn]] void broken(Rng batches, double loss, double norm) const;
  std::string description() const;  ///< what must be equal to go on from a checkpoint

  const Learner& learner_;
  TrainingOptions options_;
  mutable Optimizer optimizer_;
  Rng batches_, dropout_, looks_;
  std::uint64_t step_ = 0;
  std::uint64_t good_looks_ = 0;
  double last_loss_ = 0, last_accuracy_, seconds_ = 0;
};

}  // namespace attn
