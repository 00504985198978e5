#include <cmath>

#include "attn/core/lanes.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// y = f(x) elementwise, with dx = dy slope(y): what tanh and sigmoid have in common.
template <class F, class Exact, class Slope>
Tensor squash(const Run& run, const char* op, const char* rule, double operations, const Tensor& x,
              F f, Exact exact, Slope slope) {
  Array out = empty(x.shape());
  const real* from = x.value().data();
  real* to = out.data();
  in_parts(out.size(), 1, [=](std::size_t begin, std::size_t end) {
    for_lanes(end - begin, [&](auto l) { l.store(f(l.load(from + begin)), to + begin); });
  });
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {op, {x}, operations * x.value().size(), [=](std::size_t i) {
                          Reason reason{rule, {}, exact(double{x.value().data()[i]})};
                          return reason.text(fmt::format("{}(", op)).number(x, i).text(")");
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *value = y.value().data(), *dy = y.grad().data();
      const Tensor::Sum dx = x.add_to_grad();
      in_parts(x.value().size(), 1, [=](std::size_t begin, std::size_t end) {
        if (dx.beta == 0) {
          for (std::size_t i = begin; i < end; ++i) dx.to[i] = dy[i] * slope(value[i]);
        } else {
          for (std::size_t i = begin; i < end; ++i) dx.to[i] += dy[i] * slope(value[i]);
        }
      });
    });
  }
  return y;
}

}  // namespace

Tensor tanh(const Run& run, const Tensor& x) {
  return squash(
      run, "tanh", "between -1 and 1: steep near 0, flat far from it", 1, x,
      [](Batch b) { return xsimd::tanh(b); }, [](double v) { return std::tanh(v); },
      [](real t) { return 1 - t * t; });
}

Tensor sigmoid(const Run& run, const Tensor& x) {
  return squash(
      run, "sigmoid", "1 / (1 + e^-x): between 0 and 1", 4, x, [](Batch b) { return sigmoid(b); },
      [](double v) { return 1 / (1 + std::exp(-v)); }, [](real s) { return s * (1 - s); });
}

}  // namespace attn
