#include <cmath>
#include <numbers>

#include "attn/core/lanes.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// The normal density at 0.
constexpr double kPeak = std::numbers::inv_sqrtpi / std::numbers::sqrt2;

/// The probability that a standard normal number is below x.
double normal_below(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }
Batch normal_below(Batch x) {
  constexpr auto kInverse = static_cast<real>(1 / std::numbers::sqrt2);
  return (Batch(1) + xsimd::erf(x * Batch(kInverse))) * Batch(real{0.5});
}

}  // namespace

Tensor gelu(const Run& run, Tensor x) {
  const std::size_t n = x.value().size();
  const real* value = x.value().data();
  Array out = memory_of(run, x);
  real* to = out.data();
  in_parts(n, 8, [=](std::size_t begin, std::size_t end) {
    for_lanes(end - begin, [&](auto l) {
      const Batch v = l.load(value + begin);
      l.store(v * normal_below(v), to + begin);
    });
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
        for_lanes(end - begin, [&](auto l) {
          const Batch v = l.load(from + begin);
          const Batch density =
              xsimd::exp(v * v * Batch(real{-0.5})) * Batch(static_cast<real>(kPeak));
          const Batch d = (normal_below(v) + v * density) * l.load(dy + begin);
          l.store(dx.beta == 0 ? d : l.load(dx.to + begin) + d, dx.to + begin);
        });
      });
    });
  }
  return y;
}

}  // namespace attn
