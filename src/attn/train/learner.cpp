#include "attn/train/learner.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
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

namespace {

/// The score over `count` batches, which `batch(i)` gives; `sequences` in all.
template <class Batch>
Score score_of(const SequenceModel& model, const Task& task, std::size_t count,
               std::size_t sequences, Batch batch_at) {
  Score score;
  std::map<std::size_t, std::pair<double, std::size_t>>
      by_distance;  // sum of right (or errors), asked
  double loss = 0, right = 0, exact = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const TaskBatch batch = batch_at(i);
    const Tensor logits = model.logits(Run{}, batch.inputs, batch.edges);
    const Tensor error = task.regression ? squared_error(Run{}, logits, batch.targets)
                                         : cross_entropy(Run{}, logits, batch.targets);
    loss += error.value().data()[0] * double(batch.size()) / double(sequences);
    const std::size_t classes = columns(logits.value()), steps = batch.targets.shape().back();
    for (std::size_t s = 0; s < batch.size(); ++s) {
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
  score.exact = task.regression ? kUnknown : exact / double(sequences);
  for (const auto& [distance, sum] : by_distance) {
    score.by_distance.push_back({distance, sum.second, sum.first / double(sum.second)});
  }
  return score;
}

}  // namespace

Score evaluate(const SequenceModel& model, const Task& task, Split split, std::size_t batches,
               Rng rng) {
  return score_of(model, task, batches, batches * kBatch,
                  [&](std::size_t) { return task.batch(rng, kBatch, split); });
}

Score evaluate(const SequenceModel& model, const Task& task, const TaskBatch& pool) {
  const std::size_t all = pool.size();
  return score_of(model, task, (all + kBatch - 1) / kBatch, all, [&](std::size_t i) {
    std::vector<std::size_t> places(std::min(kBatch, all - i * kBatch));
    std::iota(places.begin(), places.end(), i * kBatch);
    return pool.rows(places);
  });
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
      const TaskBatch batch = task.batch(rng, kBatch, Split::test);
      const auto hash_of = [&](const Tensor& t, std::size_t s) {
        const std::size_t bytes = t.value().size() / kBatch * sizeof(real);
        const char* begin = reinterpret_cast<const char*>(t.value().data()) + s * bytes;
        return std::hash<std::string_view>()({begin, bytes});
      };
      for (std::size_t s = 0; s < kBatch; ++s, ++found.drawn)
        ++times[hash_of(batch.inputs, s) + (batch.edges ? 31 * hash_of(batch.edges, s) : 0)];
    }
  }
  found.different = times.size();
  double squares = 0;
  for (const auto& [hash, count] : times) squares += count * count;
  if (found.drawn > 0) found.effective = double(found.drawn) * double(found.drawn) / squares;
  return found;
}

TaskLearner::TaskLearner(const Task& task, const SequenceModel& model, std::size_t examples,
                         std::uint64_t seed)
    : task_(task), model_(model) {
  if (examples == 0) return;
  Rng rng = Rng(seed).stream("examples");
  pool_ = task.batch(rng, examples, Split::train);
}

TaskBatch TaskLearner::draw(Rng& batches, std::size_t size) const {
  if (!pool_) return task_.batch(batches, size, Split::train);
  std::vector<std::size_t> places(size);
  for (std::size_t& place : places) place = batches.below(pool_->size());
  return pool_->rows(places);
}

Score TaskLearner::training_score() const {
  return pool_ ? evaluate(model_, task_, *pool_) : Score{.loss = kUnknown, .accuracy = kUnknown};
}

Tensor TaskLearner::loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const {
  const TaskBatch batch = draw(batches, size);
  const Tensor logits = model_.logits(run, batch.inputs, batch.edges);
  note(run, "logits", "", {}, logits);
  return task_.regression ? squared_error(run, logits, batch.targets)
                          : cross_entropy(run, logits, batch.targets, smoothing);
}

Score TaskLearner::look(Rng rng) const {
  if (!pool_) return evaluate(model_, task_, Split::train, 4, rng);
  // All of a small pool; of a large one as many as of endless sequences.
  if (pool_->size() <= 4 * kBatch) return evaluate(model_, task_, *pool_);
  return evaluate(model_, task_, draw(rng, 4 * kBatch));
}

bool TaskLearner::good(const Score& look) const {
  return task_.regression ? look.loss <= 5e-4 : look.accuracy >= 0.999;
}

std::string TaskLearner::description() const {
  const SequenceSizes& z = model_.sizes();
  return fmt::format(
      "task {}, length {}, model {}, width {}, layers {}, heads {}, ff {}, kernel {}, radius {}, "
      "dropout {}{}{}{}{}",
      task_.name, task_.length, name_of(z.kind), z.width, z.layers, z.heads, z.ff, z.kernel,
      z.radius, z.dropout, z.read == Read::each ? "" : ", read " + name_of(z.read),
      pool_ ? fmt::format(", examples {}", pool_->size()) : "",
      z.kind == SequenceKind::vit ? fmt::format(", patch {}", z.patch) : "",
      z.edges ? "" : ", no edges");
}

}  // namespace attn
