#include "attn/train/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <map>

#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

bool all_finite(const Array& a) {
  for (const real x : a) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

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
    const TaskBatch batch = task.batch(rng, 64, split);
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

Trainer::Trainer(const Task& task, SequenceModel& model, const TrainingOptions& options)
    : task_(task),
      model_(model),
      options_(options),
      optimizer_(options.optimizer, model.parameters()),
      batches_(Rng(options.seed).stream("batches")),
      dropout_(Rng(options.seed).stream("dropout")),
      looks_(Rng(options.seed).stream("looks")),
      last_accuracy_(kUnknown) {}

bool Trainer::finished() const { return step_ >= options_.steps || good_looks_ >= 2; }

double Trainer::one_step() {
  const TaskBatch batch = task_.batch(batches_, options_.batch, Split::train);
  Tape tape;
  const Run run{&tape, nullptr, model_.sizes().dropout > 0 ? &dropout_ : nullptr};
  optimizer_.clear_gradients();
  const Tensor logits = model_.logits(run, batch.inputs);
  const Tensor error = task_.regression
                           ? squared_error(run, logits, batch.targets)
                           : cross_entropy(run, logits, batch.targets, options_.smoothing);
  const double loss = error.value().data()[0];
  tape.backward(error, full({1}, 1));
  const double norm =
      std::isfinite(loss) ? optimizer_.step(options_.schedule(step_ + 1)) : kUnknown;
  if (!std::isfinite(loss) || !std::isfinite(norm)) broken(batch, loss, norm);
  return loss;
}

void Trainer::broken(const TaskBatch& batch, double loss, double norm) const {
  // The same pass again, watched: the first step of the trace with a number that is not finite.
  Trace trace;
  const Run run{nullptr, &trace, nullptr};
  note(run, "logits", "", {}, model_.logits(run, batch.inputs));
  std::string place = "the loss";
  for (const Step* step : trace.steps()) {
    if (all_finite(step->values())) continue;
    place = step->path;
    break;
  }
  if (place == "the loss") {
    for (const auto& [path, tensor] : model_.parameters()) {
      if (all_finite(tensor.grad())) continue;
      place = "the gradient of " + path;
      break;
    }
  }
  throw Error(
      ErrorKind::no,
      fmt::format(
          "training broke down at step {}: {} is not finite (loss {:.3g}, gradient norm {:.3g})",
          step_ + 1, place, loss, norm),
      "use a smaller --lr, more --warmup or a smaller --clip; the last checkpoint is as it was");
}

void Trainer::train(const std::function<bool(const TrainingStep&)>& observe) {
  const auto start = std::chrono::steady_clock::now();
  const double before = seconds_;
  const std::uint64_t first = step_;
  bool go_on = true;
  while (go_on && !finished()) {
    last_loss_ = one_step();
    ++step_;
    if (step_ % options_.check_every == 0 || step_ == options_.steps) {
      const Score look =
          evaluate(model_, task_, Split::train, 4, looks_.stream(std::to_string(step_)));
      last_accuracy_ = look.accuracy;
      const bool good = task_.regression ? look.loss <= options_.good_loss
                                         : look.accuracy >= options_.good_enough;
      good_looks_ = good ? good_looks_ + 1 : 0;
    }
    const double passed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds_ = before + passed;
    const double rate = double(step_ - first) / std::max(passed, 1e-9);
    go_on = observe({step_, options_.steps, last_loss_, last_accuracy_, rate,
                     double(options_.steps - step_) / rate});
  }
}

}  // namespace attn
