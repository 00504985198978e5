#include "attn/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "attn/graph/trace.h"

namespace attn {

namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

bool all_finite(const Array& a) {
  for (const real x : a) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

/// Layer norms may keep every number finite where nothing is learnt any more.
void require_some_use(std::uint64_t step, double loss, double first) {
  if (loss <= 1000 * (first + 1)) return;
  throw Error(ErrorKind::no,
              fmt::format("training broke down at step {}: the loss is {:.3g}, and was {:.3g} at "
                          "first",
                          step, loss, first),
              "use a smaller --lr, more --warmup or a smaller --clip; the last checkpoint is as it "
              "was");
}

/// What would train nothing, or divide by zero.
const TrainingOptions& checked(const TrainingOptions& options) {
  const std::pair<const char*, std::uint64_t> counts[] = {{"batch", options.batch},
                                                          {"accumulate", options.accumulate},
                                                          {"check_every", options.check_every}};
  for (const auto& [name, count] : counts) {
    if (count > 0) continue;
    throw Error(ErrorKind::usage, fmt::format("TrainingOptions: {} is 0", name),
                "at least 1 is needed");
  }
  options.schedule.check();
  return options;
}

}  // namespace

Trainer::Trainer(const Learner& learner, const TrainingOptions& options)
    : learner_(learner),
      options_(checked(options)),
      optimizer_(options.optimizer, learner.parameters()),
      batches_(Rng(options.seed).stream("batches")),
      dropout_(Rng(options.seed).stream("dropout")),
      looks_(Rng(options.seed).stream("looks")),
      last_accuracy_(kNotMeasured) {}

bool Trainer::finished() const { return step_ >= options_.steps || good_looks_ >= 2; }

double Trainer::one_step() {
  const Rng before = batches_;
  optimizer_.clear_gradients();
  const auto parts = static_cast<real>(options_.accumulate);
  double loss = 0;
  for (std::size_t part = 0; part < options_.accumulate; ++part) {
    Tape tape;
    const Tensor error =
        learner_.loss({&tape, nullptr, &dropout_}, batches_, options_.batch, options_.smoothing);
    loss += double{error.value().data()[0]} / options_.accumulate;
    tape.backward(error, full({1}, 1 / parts));  // gradients add up
  }
  const double norm =
      std::isfinite(loss) ? optimizer_.step(options_.schedule(step_ + 1)) : kNotMeasured;
  if (!std::isfinite(loss) || !std::isfinite(norm)) broken(before, loss, norm);
  return loss;
}

void Trainer::broken(Rng batches, double loss, double norm) const {
  // The same passes again, watched: the first step of the trace with a number that is not finite.
  Trace trace;
  for (std::size_t part = 0; part < options_.accumulate; ++part)
    learner_.loss({nullptr, &trace, nullptr}, batches, options_.batch, options_.smoothing);
  std::string place = "the loss";
  for (const Step* step : trace.steps()) {
    if (all_finite(step->values()) || step->path == "mask") continue;
    place = step->path;
    break;
  }
  if (place == "the loss") {
    // Gradients come from the loss down: it broke where the last of the parameters has none.
    const auto& all = learner_.parameters();
    const auto last = std::find_if(all.rbegin(), all.rend(), [](const auto& parameter) {
      return !all_finite(parameter.second.grad());
    });
    if (last != all.rend()) place = "the gradient of " + last->first;
  }
  throw Error(
      ErrorKind::no,
      fmt::format(
          "training broke down at step {}: {} is not finite (loss {:.3g}, gradient norm {:.3g})",
          step_ + 1, place, loss, std::abs(norm)),  // of a NaN the sign
      "use a smaller --lr, more --warmup or a smaller --clip; the last checkpoint is as it was");
}

void Trainer::train(const std::function<bool(const TrainingStep&)>& observe) {
  const auto start = std::chrono::steady_clock::now();
  const double before = seconds_;
  const std::uint64_t first = step_;
  double first_loss = kNotMeasured;
  bool go_on = true;
  while (go_on && !finished()) {
    last_loss_ = one_step();
    if (std::isnan(first_loss)) first_loss = last_loss_;
    ++step_;
    if (step_ % options_.check_every == 0 || step_ == options_.steps) {
      require_some_use(step_, last_loss_, first_loss);
      const Score look = learner_.look(looks_.stream(std::to_string(step_)));
      last_accuracy_ = look.accuracy;
      good_looks_ = learner_.good(look) ? good_looks_ + 1 : 0;
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
