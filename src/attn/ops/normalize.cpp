#include <algorithm>
#include <cmath>

#include "attn/core/lanes.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor layer_norm(const Run& run, const Tensor& x, const Tensor& gain, const Tensor& bias,
                  double eps) {
  require_rank("layer_norm", "x", x, 1);
  const std::size_t d = columns(x.value()), n = rows(x.value());
  if (gain.shape() != Shape{d})
    shapes_do_not_fit("layer_norm", "x", x, "gain", gain, "gain needs one number per column");
  if (bias.shape() != Shape{d})
    shapes_do_not_fit("layer_norm", "x", x, "bias", bias, "bias needs one number per column");
  Array out = empty(x.shape());
  auto unit = std::make_shared<Array>();                  // (x - mean) / deviation, for the tape
  auto inverse = std::make_shared<std::vector<real>>(n);  // 1 / deviation
  if (run.tape) *unit = empty(x.shape());
  in_parts(n, d, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const real* from = x.value().data() + i * d;
      // 1. mean, and variance over d (not d-1), of the row
      Batch sum(0);
      for_lanes(d, [&](auto l) { sum += l.load(from); });
      const real mean = xsimd::hadd(sum) / static_cast<real>(d);
      // The rounded mean is off by a share of its own size, which may be much larger than the
      // deviation. The distances from it are exact there, and their mean is what it is off by.
      Batch distances(0), squares(0);
      for_lanes(d, [&](auto l) {
        const Batch distance = l.inside(l.load(from) - Batch(mean));
        distances += distance;
        squares += distance * distance;
      });
      const real off = xsimd::hadd(distances) / static_cast<real>(d);
      const real variance =
          std::max(real{0}, xsimd::hadd(squares) / static_cast<real>(d) - off * off);
      const real inverse_deviation = 1 / std::sqrt(variance + static_cast<real>(eps));
      (*inverse)[i] = inverse_deviation;
      // 2. unit = (x - mean) / deviation, y = gain unit + bias
      for_lanes(d, [&](auto l) {
        const Batch u = (l.load(from) - Batch(mean) - Batch(off)) * Batch(inverse_deviation);
        if (run.tape) l.store(u, unit->data() + i * d);
        l.store(l.load(gain.value().data()) * u + l.load(bias.value().data()), out.data() + i * d);
      });
    }
  });
  Tensor y = make_result(run, std::move(out), {x, gain, bias});

  if (run.trace) {
    run.trace->made(
        y, {"layer_norm", {x, gain, bias}, 8.0 * double(n) * double(d), [=](std::size_t i) {
              const real* from = x.value().data() + i / d * d;
              double mean = 0, variance = 0;
              for (std::size_t j = 0; j < d; ++j) mean += from[j] / double(d);
              for (std::size_t j = 0; j < d; ++j)
                variance += (from[j] - mean) * (from[j] - mean) / double(d);
              Reason reason{fmt::format("its distance from the row's mean {:.6g}, in deviations "
                                        "sqrt({:.6g} + {:g}); then gain and bias",
                                        mean, variance, eps),
                            {},
                            0};
              reason.number(gain, i % d).text(" * (").number(x, i);
              reason.text(fmt::format(" - {:.9g}) / sqrt({:.9g} + {:g}) + ", mean, variance, eps))
                  .number(bias, i % d);
              reason.value = gain.value().data()[i % d] * (x.value().data()[i] - mean) /
                                 std::sqrt(variance + eps) +
                             bias.value().data()[i % d];
              return reason;
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      std::vector<real> du(d);
      const real* d_out = y.grad().data();
      real* dgain = gain.needs_grad() ? gain.grad().data() : nullptr;
      real* dbias = bias.needs_grad() ? bias.grad().data() : nullptr;
      const Tensor::Sum d_in = x.needs_grad() ? x.add_to_grad() : Tensor::Sum{nullptr, 1};
      for (std::size_t i = 0; i < n; ++i) {
        const real* dy = d_out + i * d;
        const real* u = unit->data() + i * d;
        // 2. dgain += dy u, dbias += dy, du = dy gain
        for_lanes(d, [&](auto l) { l.store(l.load(dy) * l.load(gain.value().data()), du.data()); });
        if (dgain)
          for_lanes(d, [&](auto l) { l.store(l.load(dgain) + l.load(dy) * l.load(u), dgain); });
        if (dbias) add_scaled_row(1, dy, dbias, d);
        if (!d_in.to) continue;
        // 1. dx += (du - mean(du) - u mean(du u)) / deviation
        Batch sum(0);
        for_lanes(d, [&](auto l) { sum += l.load(du.data()); });
        const Batch mean(xsimd::hadd(sum) / static_cast<real>(d));
        const Batch along(dot_row(du.data(), u, d) / static_cast<real>(d));
        const Batch scale((*inverse)[i]);
        real* dx = d_in.to + i * d;
        if (d_in.beta == 0) {
          for_lanes(d, [&](auto l) {
            l.store(scale * (l.load(du.data()) - mean - l.load(u) * along), dx);
          });
        } else {
          for_lanes(d, [&](auto l) {
            l.store(l.load(dx) + scale * (l.load(du.data()) - mean - l.load(u) * along), dx);
          });
        }
      }
    });
  }
  return y;
}

}  // namespace attn
