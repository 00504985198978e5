#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "attn/ops/op.h"

namespace attn {

namespace {

/// The threshold tau with sum(max(s - tau, 0)) = 1, as the row's largest number and how far tau
/// lies from it: beside 1e38 the 1 would be lost.
struct Threshold {
  double largest, offset = 0;
  double over(double s) const { return (s - largest) - offset; }
};

Threshold threshold(std::span<const real> s) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const real value : s) {  // sorting needs an order, and infinity has no room for 1 below it
    if (std::isnan(value) || value == kInfinity) return {std::numeric_limits<double>::quiet_NaN()};
  }
  std::vector<double> sorted(s.begin(), s.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double largest = sorted[0];
  if (largest == -kInfinity) return {kInfinity};  // nothing to look at: zeros, as in softmax
  double sum = 0, tau = -1;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    const double z = sorted[k] - largest;
    sum += z;
    if (1 + static_cast<double>(k + 1) * z <= sum) break;  // s_k is not in the support
    tau = (sum - 1) / static_cast<double>(k + 1);
  }
  return {largest, tau};
}

}  // namespace

Tensor sparsemax(const Run& run, const Tensor& s) {
  require_rank("sparsemax", "s", s, 1);
  const std::size_t n = columns(s.value()), count = rows(s.value());
  Array out = empty(s.shape());
  for (std::size_t i = 0; i < count; ++i) {
    const Threshold tau = threshold(row(s.value(), i));
    for (std::size_t j = 0; j < n; ++j) {
      const double over = tau.over(s.value().data()[i * n + j]);
      out.data()[i * n + j] = over < 0 ? 0 : static_cast<real>(over);  // NaN stays NaN
    }
  }
  Tensor y = make_result(run, std::move(out), {s});

  if (run.trace) {
    run.trace->made(
        y, {"sparsemax", {s}, 4.0 * count * n, [=](std::size_t i) {
              const Threshold tau = threshold(row(s.value(), i / n));
              const double over = tau.over(s.value().data()[i]), shown = tau.largest + tau.offset;
              Reason reason{fmt::format("what stands above the row's threshold {:.6g}", shown),
                            {},
                            over < 0 ? 0 : over};
              return reason.text("max(").number(s, i).text(fmt::format(" - {:.6g}, 0)", shown));
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // within the support, ds = dy - mean of dy over the support
      for (std::size_t i = 0; i < count; ++i) {
        const real* value = y.value().data() + i * n;
        const real* dy = y.grad().data() + i * n;
        double sum = 0, size = 0;
        for (std::size_t j = 0; j < n; ++j) {
          if (value[j] <= 0) continue;
          sum += dy[j];
          size += 1;
        }
        for (std::size_t j = 0; j < n; ++j) {
          if (value[j] > 0) s.grad().data()[i * n + j] += static_cast<real>(dy[j] - sum / size);
        }
      }
    });
  }
  return y;
}

}  // namespace attn
