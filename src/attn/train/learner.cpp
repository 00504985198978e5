#include "attn/train/learner.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_map>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

constexpr std::size_t kBatch = 64, kTestBatches = 16;

/// Draws the test sequences of this seed.
Rng test_stream(std::uint64_t seed) { return Rng(seed).stream("test"); }

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::size_t largest_at(const real* row, std::size_t n) {
  return static_cast<std::size_t>(std::max_element(row, row + n) - row);
}

}  // namespace

Score evaluate(const SequenceModel& model, const Task& task, Split split, std::size_t batches,
               Rng rng) {
  Score score;
  std::map<std::size_t, std::pair<double, std::size_t>>
      by_distance;  // sum of right (or errors), asked
  double loss = 0, right = 0, exact = 0, sequences = 0;
  for (std::size_t i = 0; i < batches; ++i) {
    const TaskBatch batch = task.batch(rng, kBatch, split);
    const Tensor logits = model.logits(Run{}, batch.inputs);
    const Tensor error = task.regression ? squared_error(Run{}, logits, batch.targets)
                                         : cross_entropy(Run{}, logits, batch.targets);
    loss += error.value().data()[0] / double(batches);
    const std::size_t classes = columns(logits.value()), steps = batch.targets.shape().back();
    for (std::size_t s = 0; s < batch.targets.shape()[0]; ++s, ++sequences) {
      bool all_right = true;
      for (std::size_t t = s * steps; t < (s + 1) * steps; ++t) {
        const double distance = batch.distances.data()[t], target = batch.targets.value().data()[t];
        if (distance < 0) continue;
        const real* row = logits.value().data() + t * classes;
        const double got =
            task.regression ? (row[0] - target) * (row[0] - target)
                            : double(largest_at(row, classes) == static_cast<std::size_t>(target));
        auto& [sum, asked] = by_distance[static_cast<std::size_t>(distance)];
        sum += got;
        ++asked;
        ++score.asked;
        right += got;
        all_right &= got == 1;
      }
      exact += all_right;
    }
  }
  score.loss = loss;
  score.accuracy = task.regression || score.asked == 0 ? kUnknown : right / double(score.asked);
  score.exact = task.regression ? kUnknown : exact / sequences;
  for (const auto& [distance, sum] : by_distance) {
    score.by_distance.push_back({distance, sum.second, sum.first / double(sum.second)});
  }
  return score;
}

Score test_score(const SequenceModel& model, const Task& task, std::uint64_t seed) {
  return evaluate(model, task, Split::test, kTestBatches, test_stream(seed));
}

TestSequences test_sequences(const Task& task, const std::vector<std::uint64_t>& seeds) {
  TestSequences found;
  std::unordered_map<std::size_t, double> times;  // by a hash of the inputs' bytes
  for (const std::uint64_t seed : seeds) {
    Rng rng = test_stream(seed);
    for (std::size_t i = 0; i < kTestBatches; ++i) {
      const Array inputs = task.batch(rng, kBatch, Split::test).inputs.value();
      const std::size_t bytes = inputs.size() / kBatch * sizeof(real);
      for (std::size_t s = 0; s < kBatch; ++s, ++found.drawn) {
        const char* begin = reinterpret_cast<const char*>(inputs.data()) + s * bytes;
        ++times[std::hash<std::string_view>()({begin, bytes})];
      }
    }
  }
  found.different = times.size();
  double squares = 0;
  for (const auto& [hash, count] : times) squares += count * count;
  if (found.drawn > 0) found.effective = double(found.drawn) * double(found.drawn) / squares;
  return found;
}

Tensor TaskLearner::loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const {
  const TaskBatch batch = task_.batch(batches, size, Split::train);
  const Tensor logits = model_.logits(run, batch.inputs);
  note(run, "logits", "", {}, logits);
  return task_.regression ? squared_error(run, logits, batch.targets)
                          : cross_entropy(run, logits, batch.targets, smoothing);
}

Score TaskLearner::look(Rng rng) const { return evaluate(model_, task_, Split::train, 4, rng); }

bool TaskLearner::good(const Score& look) const {
  return task_.regression ? look.loss <= 5e-4 : look.accuracy >= 0.999;
}

std::string TaskLearner::description() const {
  const SequenceSizes& z = model_.sizes();
  return fmt::format(
      "task {}, length {}, model {}, width {}, layers {}, heads {}, ff {}, kernel {}, radius {}, "
      "dropout {}",
      task_.name, task_.length, name_of(z.kind), z.width, z.layers, z.heads, z.ff, z.kernel,
      z.radius, z.dropout);
}

}  // namespace attn
