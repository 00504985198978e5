#include <algorithm>
#include <cmath>

#include "attn/core/lanes.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

double log_sum_exp(const real* row, std::size_t n) {
  const double largest = *std::max_element(row, row + n);
  double sum = 0;
  for (std::size_t j = 0; j < n; ++j) sum += std::exp(row[j] - largest);
  return largest + std::log(sum);
}

}  // namespace

Tensor cross_entropy(const Run& run, const Tensor& logits, const Tensor& targets,
                     double smoothing) {
  require_rank("cross_entropy", "logits", logits, 2);
  const std::size_t v = columns(logits.value()), n = rows(logits.value());
  if (targets.value().size() != n) {
    shapes_do_not_fit("cross_entropy", "logits", logits, "targets", targets,
                      "one target per row of logits is needed");
  }
  // 1. p = softmax(logits); 2. the loss of each counted row is -sum_j t_j log p_j
  //    with t = 1 - smoothing at the target, and smoothing / V everywhere
  auto p = std::make_shared<Array>(empty(logits.shape()));
  double sum = 0, counted = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const real target = targets.value().data()[i];
    if (target < 0) continue;
    if (!(target < static_cast<real>(v))) {  // also NaN
      throw Error(ErrorKind::bad_input,
                  fmt::format("cross_entropy: target {} of row {} in {} classes", target, i, v));
    }
    const real* x = logits.value().data() + i * v;
    softmax_row(x, nullptr, p->data() + i * v, v);
    double mean = 0;
    for (std::size_t j = 0; j < v && smoothing > 0; ++j) mean += x[j] / double(v);
    // log sum exp from the softmax itself: p of the largest is exp(largest - log sum exp)
    const std::size_t top = static_cast<std::size_t>(std::max_element(x, x + v) - x);
    const double log_sum = x[top] - std::log(double{p->data()[i * v + top]});
    sum += log_sum - (1 - smoothing) * x[static_cast<std::size_t>(target)] -
           (smoothing > 0 ? smoothing * mean : 0);
    counted += 1;
  }
  Tensor y =
      make_result(run, full({1}, static_cast<real>(counted == 0 ? 0 : sum / counted)), {logits});

  if (run.trace) {
    run.trace->made(
        y, {"cross_entropy", {logits, targets}, 5.0 * double(n) * double(v), [=](std::size_t) {
              Reason reason{
                  fmt::format("the mean of -log(probability of the right answer) over {} counted "
                              "positions; -log p = log(sum of the row's exp) - the right logit",
                              counted),
                  {},
                  counted == 0 ? 0 : sum / counted};
              if (counted == 0) return reason.text("0");
              bool first = true;
              for (std::size_t i = 0; i < n; ++i) {
                const real target = targets.value().data()[i];
                if (target < 0) continue;
                const real* row = logits.value().data() + i * v;
                const std::size_t at = i * v + static_cast<std::size_t>(target);
                double mean = 0;
                for (std::size_t j = 0; j < v && smoothing > 0; ++j) mean += row[j] / double(v);
                reason.text(fmt::format("{}({:.9g} - ", first ? "(" : " + ", log_sum_exp(row, v)));
                if (smoothing > 0) reason.text(fmt::format("{:.9g} * ", 1 - smoothing));
                reason.number(logits, at);
                if (smoothing > 0) reason.text(fmt::format(" - {:.9g}", smoothing * mean));
                reason.text(")");
                first = false;
              }
              return reason.text(fmt::format(") / {}", counted));
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dlogits += (p - t) / counted
      const auto [d_logits, beta] = logits.add_to_grad();
      if (beta == 0 && counted < double(n)) std::fill_n(d_logits, n * v, real{0});
      if (counted == 0) return;
      const bool assign = beta == 0 && counted == double(n);  // every row is written
      const real scale = y.grad().data()[0] / static_cast<real>(counted);
      const real even = static_cast<real>(smoothing / double(v));
      for (std::size_t i = 0; i < n; ++i) {
        const real t = targets.value().data()[i];
        if (t < 0) continue;
        real* dx = d_logits + i * v;
        const real* probability = p->data() + i * v;
        if (assign) {
          for_lanes(
              v, [&](auto l) { l.store(Batch(scale) * (l.load(probability) - Batch(even)), dx); });
        } else {
          for_lanes(v, [&](auto l) {
            l.store(l.load(dx) + Batch(scale) * (l.load(probability) - Batch(even)), dx);
          });
        }
        dx[static_cast<std::size_t>(t)] -= scale * static_cast<real>(1 - smoothing);
      }
    });
  }
  return y;
}

Tensor squared_error(const Run& run, const Tensor& x, const Tensor& targets) {
  if (x.value().size() != targets.value().size()) {
    shapes_do_not_fit("squared_error", "x", x, "targets", targets,
                      "one target per number is needed");
  }
  const std::size_t n = x.value().size();
  const auto target = [=](std::size_t i) { return targets.value().data()[i]; };
  double sum = 0, counted = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isnan(target(i))) continue;
    const double difference = double{x.value().data()[i]} - target(i);
    sum += difference * difference;
    counted += 1;
  }
  Tensor y = make_result(run, full({1}, static_cast<real>(counted == 0 ? 0 : sum / counted)), {x});
  if (run.trace) {
    run.trace->made(
        y, {"squared_error", {x, targets}, 3.0 * double(n), [=](std::size_t) {
              Reason reason{
                  fmt::format("the mean squared difference over {} counted numbers", counted),
                  {},
                  counted == 0 ? 0 : sum / counted};
              if (counted == 0) return reason.text("0");
              bool first = true;
              for (std::size_t i = 0; i < n; ++i) {
                if (std::isnan(target(i))) continue;
                reason.text(first ? "((" : " + (").number(x, i).text(" - ");
                reason.number(targets, i).text(")^2");
                first = false;
              }
              return reason.text(fmt::format(") / {}", counted));
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      real* dx = x.grad().data();
      for (std::size_t i = 0; i < n; ++i) {
        if (std::isnan(target(i))) continue;
        dx[i] += y.grad().data()[0] *
                 static_cast<real>(2 * (double{x.value().data()[i]} - target(i)) / counted);
      }
    });
  }
  return y;
}

}  // namespace attn
