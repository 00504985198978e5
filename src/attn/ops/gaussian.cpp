#include <cmath>

#include "attn/ops/op.h"

namespace attn {

Tensor gaussian(const Run& run, const Tensor& w, const Tensor& center, double deviation) {
  require_rank("gaussian", "w", w, 1);
  if (center.shape() != with_last(w.shape(), 1)) {
    shapes_do_not_fit("gaussian", "w", w, "center", center, "one center per row is needed");
  }
  const std::size_t m = columns(w.value()), n = center.value().size();
  const double narrow = 1 / (2 * deviation * deviation);
  const auto bell = [=](std::size_t i, std::size_t j) {
    const double distance = double(j) - double{center.value().data()[i]};
    return std::exp(-distance * distance * narrow);
  };
  Array out = empty(w.shape());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j)
      out.data()[i * m + j] = static_cast<real>(w.value().data()[i * m + j] * bell(i, j));
  }
  Tensor y = make_result(run, std::move(out), {w, center});

  if (run.trace) {
    run.trace->made(y,
                    {"gaussian", {w, center}, 5.0 * double(n) * double(m), [=](std::size_t index) {
                       const std::size_t i = index / m, j = index % m;
                       Reason reason{"the weight, less the further its place is from the center",
                                     {},
                                     w.value().data()[index] * bell(i, j)};
                       reason.number(w, index).text(fmt::format(" * exp((0 - ({} - ", j));
                       reason.number(center, i);
                       return reason.text(fmt::format(")^2) / {:.9g})", 2 * deviation * deviation));
                     }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      for (std::size_t i = 0; i < n; ++i) {
        double d_center = 0;
        for (std::size_t j = 0; j < m; ++j) {
          const std::size_t at = i * m + j;
          // dw += dy bell, dcenter += dy y (j - center) / deviation^2
          if (w.needs_grad()) w.grad().data()[at] += static_cast<real>(dy[at] * bell(i, j));
          d_center += double{dy[at]} * y.value().data()[at] *
                      (double(j) - double{center.value().data()[i]}) * 2 * narrow;
        }
        if (center.needs_grad()) center.grad().data()[i] += static_cast<real>(d_center);
      }
    });
  }
  return y;
}

}  // namespace attn
