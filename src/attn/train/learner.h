#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn/core/rng.h"
#include "attn/nn/sequence_model.h"
#include "attn/train/tasks.h"

namespace attn {

/// The right answers of one kind: a distance, a sentence length.
struct DistanceScore {
  std::size_t distance, asked;
  double accuracy;  ///< of a regression: mean squared error
};

/// How well a model answers.
struct Score {
  double loss = 0;
  double accuracy = 0;  ///< share of right answers; NaN for a regression
  double exact = 0;     ///< share of sequences without a wrong answer
  std::size_t asked = 0;
  std::vector<DistanceScore> by_distance = {};
};

/// What a Trainer needs to know: a model and something to learn.
class Learner {
 public:
  virtual ~Learner() = default;

  virtual const std::vector<std::pair<std::string, Tensor>>& parameters() const = 0;
  /// The mean loss over a fresh batch from this generator. Dropout where run.rng draws.
  virtual Tensor loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const = 0;
  /// A look at fresh sequences of the training split. No gradient, no dropout.
  virtual Score look(Rng rng) const = 0;
  /// True if a look is so good that training may end.
  virtual bool good(const Score& look) const = 0;
  /// Task and model with all sizes: what must be equal to go on from a checkpoint.
  virtual std::string description() const = 0;
};

/// `batches` batches of 64 sequences from this generator. No gradient, no dropout.
Score evaluate(const SequenceModel& model, const Task& task, Split split, std::size_t batches,
               Rng rng);

/// The score on these sequences.
Score evaluate(const SequenceModel& model, const Task& task, const TaskBatch& pool);

/// The score on the test sequences of this seed.
Score test_score(const SequenceModel& model, const Task& task, std::uint64_t seed);

/// How much the test sequences of some seeds can say.
struct TestSequences {
  std::size_t drawn = 0, different = 0;
  /// As many sequences, each drawn once, say as much: (sum of times)^2 / sum of times^2 (Kish).
  double effective = 0;
};

/// The sequences that test_score() measures on, for these seeds together.
TestSequences test_sequences(const Task& task, const std::vector<std::uint64_t>& seeds);

/// A SequenceModel that learns a Task. Good is an accuracy of 0.999; of a regression, a loss of
/// 0.0005. With a pool of examples, all batches and looks are of these: `examples` training
/// sequences, drawn once by the seed; 0: endless ones.
class TaskLearner : public Learner {
 public:
  TaskLearner(const Task& task, const SequenceModel& model, std::size_t examples = 0,
              std::uint64_t seed = 0);
  const std::vector<std::pair<std::string, Tensor>>& parameters() const override {
    return model_.parameters();
  }
  Tensor loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const override;
  Score look(Rng rng) const override;
  bool good(const Score& look) const override;
  std::string description() const override;
  /// The score on the examples; NaN where they are endless.
  Score training_score() const;

 private:
  TaskBatch draw(Rng& batches, std::size_t size) const;

  const Task& task_;
  const SequenceModel& model_;
  std::optional<TaskBatch> pool_;
};

}  // namespace attn
