#include <cmath>
#include <numbers>

#include "attn/ops/op.h"

namespace attn {

namespace {

/// The probability that a standard normal number is below x.
double normal_below(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }

}  // namespace

Tensor gelu(const Run& run, const Tensor& x) {
  const std::size_t n = x.value().size();
  const real* value = x.value().data();
  Array out = empty(x.shape());
  real* to = out.data();
  in_parts(n, 8, [=](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      to[i] = static_cast<real>(value[i] * normal_below(value[i]));
  });
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(
        y, {"gelu", {x}, 8.0 * double(n), [=](std::size_t i) {
              const double v = x.value().data()[i];
              Reason reason{"the number times the probability that a normal number is below it",
                            {},
                            v * normal_below(v)};
              return reason.number(x, i).text(" * (1 + erf(").number(x, i).text(" / sqrt(2))) / 2");
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dx = (P(x) + x p(x)) dy, with the normal distribution P and density p
      const real *from = x.value().data(), *dy = y.grad().data();
      const Tensor::Sum dx = x.add_to_grad();
      in_parts(n, 8, [=](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const double v = from[i],
                       density = std::exp(-v * v / 2) / std::sqrt(2 * std::numbers::pi);
          const real d = static_cast<real>(normal_below(v) + v * density) * dy[i];
          dx.to[i] = dx.beta == 0 ? d : dx.to[i] + d;
        }
      });
    });
  }
  return y;
}

}  // namespace attn
