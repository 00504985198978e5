#include <cmath>

#include "attn/ops/op.h"

namespace attn {

namespace {

/// cos and sin of the angle of pair `pair` at position `position`.
std::pair<double, double> turn(std::size_t position, std::size_t pair, std::size_t d) {
  const double angle = static_cast<double>(position) / std::pow(10000.0, 2.0 * pair / d);
  return {std::cos(angle), std::sin(angle)};
}

}  // namespace

Tensor rotary(const Run& run, const Tensor& x) {
  require_rank("rotary", "x", x, 2);
  const Shape shape = x.shape();  // (...,n,d)
  const std::size_t d = shape.back(), n = shape[shape.size() - 2];
  if (d % 2 != 0) {
    throw Error(ErrorKind::usage,
                fmt::format("rotary positions turn pairs of numbers: width {} is odd", d),
                "choose an even --dim");
  }
  const std::size_t all = rows(x.value());
  Array out = empty(shape);
  for (std::size_t r = 0; r < all; ++r) {
    const real* from = x.value().data() + r * d;
    real* to = out.data() + r * d;
    for (std::size_t i = 0; i < d / 2; ++i) {
      const auto [c, s] = turn(r % n, i, d);
      to[2 * i] = static_cast<real>(c * from[2 * i] - s * from[2 * i + 1]);
      to[2 * i + 1] = static_cast<real>(s * from[2 * i] + c * from[2 * i + 1]);
    }
  }
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(
        y, {"rotary", {x}, 3.0 * x.value().size(), [=](std::size_t i) {
              const std::size_t first = i - i % d % 2;
              const auto [c, s] = turn(i / d % n, i % d / 2, d);
              const double x0 = x.value().data()[first], x1 = x.value().data()[first + 1];
              const bool even = i == first;
              Reason reason{"the pair turned by position / 10000^(2i/d)",
                            {},
                            even ? c * x0 - s * x1 : s * x0 + c * x1};
              reason.text(fmt::format("{:.6g} * ", even ? c : s)).number(x, first);
              return reason.text(fmt::format(" {} {:.6g} * ", even ? '-' : '+', even ? s : c))
                  .number(x, first + 1);
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // turn the gradient back
      for (std::size_t r = 0; r < all; ++r) {
        const real* dy = y.grad().data() + r * d;
        real* dx = x.grad().data() + r * d;
        for (std::size_t i = 0; i < d / 2; ++i) {
          const auto [c, s] = turn(r % n, i, d);
          dx[2 * i] += static_cast<real>(c * dy[2 * i] + s * dy[2 * i + 1]);
          dx[2 * i + 1] += static_cast<real>(c * dy[2 * i + 1] - s * dy[2 * i]);
        }
      }
    });
  }
  return y;
}

}  // namespace attn
