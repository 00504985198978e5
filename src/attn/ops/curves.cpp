#include <cmath>
#include <numbers>

#include "attn/ops/op.h"

namespace attn {

namespace {

/// y = f(x) for each number, with its arithmetic and its gradient dx = slope(x, y) dy. Computed in
/// double: such an op is rare beside the products around it.
template <class Curve, class Slope, class Explain>
Tensor curve(const Run& run, const char* op, const Tensor& x, Curve f, Slope slope,
             Explain explain) {
  Array out = empty(x.shape());
  const real* from = x.value().data();
  real* to = out.data();
  in_parts(out.size(), 8, [=](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) to[i] = static_cast<real>(f(double{from[i]}));
  });
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {op, {x}, 8.0 * double(x.value().size()), [=](std::size_t i) {
                          Reason reason = explain(i);
                          reason.value = f(double{x.value().data()[i]});
                          return reason;
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *value = x.value().data(), *result = y.value().data(), *dy = y.grad().data();
      const Tensor::Sum dx = x.add_to_grad();
      in_parts(x.value().size(), 8, [=](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const auto d = static_cast<real>(slope(double{value[i]}, double{result[i]})) * dy[i];
          dx.to[i] = dx.beta == 0 ? d : dx.to[i] + d;
        }
      });
    });
  }
  return y;
}

/// The probability that a standard normal number is below x.
double normal_below(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }

}  // namespace

Tensor sigmoid(const Run& run, const Tensor& x) {
  return curve(
      run, "sigmoid", x, [](double v) { return 1 / (1 + std::exp(-v)); },
      [](double, double y) { return y * (1 - y); },
      [=](std::size_t i) {
        Reason reason{"squeezed between 0 and 1", {}, 0};
        return reason.text("1 / (1 + exp(-1 * ").number(x, i).text("))");
      });
}

Tensor gelu(const Run& run, const Tensor& x) {
  return curve(
      run, "gelu", x, [](double v) { return v * normal_below(v); },
      [](double v, double) {
        const double density = std::exp(-v * v / 2) / std::sqrt(2 * std::numbers::pi);
        return normal_below(v) + v * density;
      },
      [=](std::size_t i) {
        Reason reason{"the number times the probability that a normal number is below it", {}, 0};
        return reason.number(x, i).text(" * (1 + erf(").number(x, i).text(" / sqrt(2))) / 2");
      });
}

}  // namespace attn
