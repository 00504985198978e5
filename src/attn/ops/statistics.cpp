#include <cmath>

#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

struct Moments {
  double mean, variance;
};

/// Mean and variance (over n) of the n numbers x[0], x[step], ...
Moments moments(const real* x, std::size_t n, std::size_t step) {
  double mean = 0, variance = 0;
  for (std::size_t i = 0; i < n; ++i) mean += x[i * step];
  mean /= static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) variance += (x[i * step] - mean) * (x[i * step] - mean);
  return {mean, variance / static_cast<double>(n)};
}

Shape without_last(Shape shape) {
  shape.pop_back();
  return shape;
}

void require_rows(const char* op, const Tensor& x) {
  require_rank(op, "x", x, 1);
  if (x.value().size() == 0)
    throw Error(ErrorKind::bad_input, fmt::format("{}: x has shape {}: no numbers, so no mean", op,
                                                  to_string(x.shape())));
}

}  // namespace

Tensor row_mean(const Run& run, const Tensor& x) {
  require_rows("row_mean", x);
  const std::size_t d = columns(x.value()), n = rows(x.value());
  Array out = empty(without_last(x.shape()));
  for (std::size_t i = 0; i < n; ++i)
    out.data()[i] = static_cast<real>(moments(x.value().data() + i * d, d, 1).mean);
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"row_mean", {x}, 1.0 * double(n) * double(d), [=](std::size_t i) {
                          Reason reason{fmt::format("the sum of the row, divided by {}", d), {}, 0};
                          reason.text("(");
                          for (std::size_t j = 0; j < d; ++j)
                            reason.text(j == 0 ? "" : " + ").number(x, i * d + j);
                          reason.text(fmt::format(") / {}", d));
                          reason.value = moments(x.value().data() + i * d, d, 1).mean;
                          return reason;
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dx += dy / d
      real* dx = x.grad().data();
      for (std::size_t i = 0; i < n * d; ++i)
        dx[i] += y.grad().data()[i / d] / static_cast<real>(d);
    });
  }
  return y;
}

Tensor row_max(const Run& run, const Tensor& x) {
  require_rows("row_max", x);
  const std::size_t d = columns(x.value()), n = rows(x.value());
  // The place of the first that is largest; of the first NaN, which no number is larger than.
  const auto place = [=](std::size_t i) {
    const real* from = x.value().data() + i * d;
    std::size_t at = 0;
    for (std::size_t j = 1; j < d && !std::isnan(from[at]); ++j)
      if (!(from[j] <= from[at])) at = j;
    return i * d + at;
  };
  Array out = empty(without_last(x.shape()));
  for (std::size_t i = 0; i < n; ++i) out.data()[i] = x.value().data()[place(i)];
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"row_max", {x}, 1.0 * double(n) * double(d), [=](std::size_t i) {
                          Reason reason{"the largest number of the row", {}, y.value().data()[i]};
                          reason.text("max(");
                          for (std::size_t j = 0; j < d; ++j)
                            reason.text(j == 0 ? "" : ", ").number(x, i * d + j);
                          return reason.text(")");
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dx += dy where the largest stands
      for (std::size_t i = 0; i < n; ++i) x.grad().data()[place(i)] += y.grad().data()[i];
    });
  }
  return y;
}

Tensor row_variance(const Run& run, const Tensor& x) {
  require_rows("row_variance", x);
  const std::size_t d = columns(x.value()), n = rows(x.value());
  Array out = empty(without_last(x.shape()));
  for (std::size_t i = 0; i < n; ++i)
    out.data()[i] = static_cast<real>(moments(x.value().data() + i * d, d, 1).variance);
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(
        y, {"row_variance", {x}, 4.0 * double(n) * double(d), [=](std::size_t i) {
              const Moments m = moments(x.value().data() + i * d, d, 1);
              Reason reason{
                  fmt::format("the mean square of the distances from the mean {:.6g}", m.mean),
                  {},
                  m.variance};
              reason.text("(");
              for (std::size_t j = 0; j < d; ++j) {
                reason.text(j == 0 ? "(" : " + (").number(x, i * d + j);
                reason.text(fmt::format(" - {:.9g})^2", m.mean));
              }
              return reason.text(fmt::format(") / {}", d));
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dx += 2 (x - mean) / d dy; the mean's own share adds up to 0
      for (std::size_t i = 0; i < n; ++i) {
        const real* from = x.value().data() + i * d;
        const double mean = moments(from, d, 1).mean;
        const double slope = 2.0 / static_cast<double>(d) * y.grad().data()[i];
        real* dx = x.grad().data() + i * d;
        for (std::size_t j = 0; j < d; ++j) dx[j] += static_cast<real>(slope * (from[j] - mean));
      }
    });
  }
  return y;
}

Tensor batch_norm(const Run& run, const Tensor& x, const Tensor& gain, const Tensor& bias,
                  double eps) {
  require_rows("batch_norm", x);
  const std::size_t d = columns(x.value()), n = rows(x.value());
  if (gain.shape() != Shape{d})
    shapes_do_not_fit("batch_norm", "x", x, "gain", gain, "gain needs one number per column");
  if (bias.shape() != Shape{d})
    shapes_do_not_fit("batch_norm", "x", x, "bias", bias, "bias needs one number per column");
  Array out = empty(x.shape());
  auto unit = std::make_shared<Array>(empty(x.shape()));    // (x - mean) / deviation
  auto inverse = std::make_shared<std::vector<double>>(d);  // 1 / deviation
  for (std::size_t c = 0; c < d; ++c) {
    const real* from = x.value().data() + c;
    // 1. mean, and variance over n (not n-1), of the column
    const Moments m = moments(from, n, d);
    (*inverse)[c] = 1 / std::sqrt(m.variance + eps);
    // 2. unit = (x - mean) / deviation, y = gain unit + bias
    for (std::size_t i = 0; i < n; ++i) {
      const auto u = static_cast<real>((from[i * d] - m.mean) * (*inverse)[c]);
      unit->data()[i * d + c] = u;
      out.data()[i * d + c] = gain.value().data()[c] * u + bias.value().data()[c];
    }
  }
  Tensor y = make_result(run, std::move(out), {x, gain, bias});

  if (run.trace) {
    run.trace->made(
        y, {"batch_norm", {x, gain, bias}, 8.0 * double(n) * double(d), [=](std::size_t i) {
              const std::size_t c = i % d;
              const Moments m = moments(x.value().data() + c, n, d);
              Reason reason{fmt::format("its distance from the column's mean {:.6g}, in deviations "
                                        "sqrt({:.6g} + {:g}); then gain and bias",
                                        m.mean, m.variance, eps),
                            {},
                            0};
              reason.number(gain, c).text(" * (").number(x, i);
              reason
                  .text(fmt::format(" - {:.9g}) / sqrt({:.9g} + {:g}) + ", m.mean, m.variance, eps))
                  .number(bias, c);
              reason.value = gain.value().data()[c] * (x.value().data()[i] - m.mean) /
                                 std::sqrt(m.variance + eps) +
                             bias.value().data()[c];
              return reason;
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      for (std::size_t c = 0; c < d; ++c) {
        const real *dy = y.grad().data() + c, *u = unit->data() + c;
        // 2. dgain += dy u, dbias += dy, du = dy gain
        double sum = 0, along = 0;
        for (std::size_t i = 0; i < n; ++i) {
          sum += dy[i * d];
          along += double{dy[i * d]} * u[i * d];
        }
        if (gain.needs_grad()) gain.grad().data()[c] += static_cast<real>(along);
        if (bias.needs_grad()) bias.grad().data()[c] += static_cast<real>(sum);
        if (!x.needs_grad()) continue;
        // 1. dx += (du - mean(du) - u mean(du u)) / deviation
        const double g = gain.value().data()[c], count = static_cast<double>(n);
        real* dx = x.grad().data() + c;
        for (std::size_t i = 0; i < n; ++i) {
          dx[i * d] += static_cast<real>((*inverse)[c] * g *
                                         (dy[i * d] - sum / count - u[i * d] * along / count));
        }
      }
    });
  }
  return y;
}

}  // namespace attn
