#include <algorithm>

#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor add(const Run& run, const Tensor& a, const Tensor& b) {
  if (!is_tail_of(b.shape(), a.shape())) {
    shapes_do_not_fit("add", "a", a, "b", b, "b must have the last axes of a");
  }
  const std::size_t size = b.value().size(), times = size == 0 ? 0 : a.value().size() / size;
  Array out = empty(a.shape());
  const real *left = a.value().data(), *right = b.value().data();
  real* sum = out.data();
  if (times == 1) {
    in_parts(size, 1, [=](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) sum[i] = left[i] + right[i];
    });
  } else {
    in_parts(times, size, [=](std::size_t begin, std::size_t end) {
      for (std::size_t t = begin; t < end; ++t) {
        for (std::size_t i = 0; i < size; ++i) sum[t * size + i] = left[t * size + i] + right[i];
      }
    });
  }
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {"add", {a, b}, 1.0 * a.value().size(), [=](std::size_t i) {
                          Reason reason{"the two numbers at this place, added",
                                        {},
                                        double{a.value().data()[i]} + b.value().data()[i % size]};
                          return reason.number(a, i).text(" + ").number(b, i % size);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (a.needs_grad()) {
        const Tensor::Sum da = a.add_to_grad();
        in_parts(a.value().size(), 1, [=](std::size_t begin, std::size_t end) {
          sum_row(1, dy + begin, da.beta, da.to + begin, end - begin);
        });
      }
      if (b.needs_grad() && times > 0) {
        const Tensor::Sum db = b.add_to_grad();
        in_parts(size, times, [=](std::size_t begin, std::size_t end) {
          sum_row(1, dy + begin, db.beta, db.to + begin, end - begin);
          for (std::size_t t = 1; t < times; ++t)
            add_scaled_row(1, dy + t * size + begin, db.to + begin, end - begin);
        });
      }
    });
  }
  return y;
}

Tensor multiply(const Run& run, const Tensor& a, const Tensor& b) {
  const Shape shape = a.shape();
  const bool by_row = !shape.empty() && b.shape() == with_last(shape, 1);
  if (!by_row && !is_tail_of(b.shape(), shape)) {
    shapes_do_not_fit("multiply", "a", a, "b", b,
                      "b must have the last axes of a, or one number for each row of a");
  }
  // a is `times` runs of `length` numbers: run r meets b[r], or all of b.
  const std::size_t all = a.value().size(), length = by_row ? shape.back() : b.value().size(),
                    times = length == 0 ? 0 : all / length;
  const auto factor = [=](std::size_t i) { return by_row ? i / length : i % length; };
  Array out = empty(shape);
  const real *left = a.value().data(), *right = b.value().data();
  real* to = out.data();
  in_parts(times, length, [=](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      const real* from = left + t * length;
      if (by_row) {
        for (std::size_t i = 0; i < length; ++i) to[t * length + i] = from[i] * right[t];
      } else {
        for (std::size_t i = 0; i < length; ++i) to[t * length + i] = from[i] * right[i];
      }
    }
  });
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {"multiply", {a, b}, 1.0 * double(all), [=](std::size_t i) {
                          const std::size_t j = factor(i);
                          Reason reason{"the two numbers at this place, multiplied",
                                        {},
                                        double{a.value().data()[i]} * b.value().data()[j]};
                          return reason.number(a, i).text(" * ").number(b, j);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *dy = y.grad().data(), *va = a.value().data(), *vb = b.value().data();
      real* da = a.needs_grad() ? a.grad().data() : nullptr;
      real* db = b.needs_grad() ? b.grad().data() : nullptr;
      for (std::size_t begin = 0, t = 0; t < times; ++t, begin += length) {
        if (db && by_row) db[t] += dot_row(dy + begin, va + begin, length);
        for (std::size_t i = 0; db && !by_row && i < length; ++i)
          db[i] += dy[begin + i] * va[begin + i];
        for (std::size_t i = 0; da && i < length; ++i)
          da[begin + i] += dy[begin + i] * vb[by_row ? t : i];
      }
    });
  }
  return y;
}

Tensor scale(const Run& run, const Tensor& x, double c) {
  Array out = empty(x.shape());
  scale_row(static_cast<real>(c), x.value().data(), out.data(), out.size());
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"scale", {x}, 1.0 * x.value().size(), [=](std::size_t i) {
                          Reason reason{"scaled", {}, c * x.value().data()[i]};
                          return reason.text(fmt::format("{:.6g} * ", c)).number(x, i);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      const auto [dx, beta] = x.add_to_grad();
      sum_row(static_cast<real>(c), dy, beta, dx, x.value().size());
    });
  }
  return y;
}

Tensor relu(const Run& run, Tensor x) {
  // Written so that NaN stays NaN: a broken number must not turn into a harmless 0.
  const real* from = x.value().data();
  Array out = memory_of(run, x);
  real* to = out.data();
  in_parts(out.size(), 1, [=](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) to[i] = from[i] < 0 ? 0 : from[i];
  });
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(
        y, {"relu", {x}, 1.0 * x.value().size(), [=](std::size_t i) {
              Reason reason{"the number if it is positive, else 0", {}, y.value().data()[i]};
              return reason.text("max(").number(x, i).text(", 0)");
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *value = x.value().data(), *dy = y.grad().data();
      const Tensor::Sum dx = x.add_to_grad();
      in_parts(x.value().size(), 1, [=](std::size_t begin, std::size_t end) {
        if (dx.beta == 0) {
          for (std::size_t i = begin; i < end; ++i) dx.to[i] = value[i] > 0 ? dy[i] : 0;
        } else {
          for (std::size_t i = begin; i < end; ++i) dx.to[i] += value[i] > 0 ? dy[i] : 0;
        }
      });
    });
  }
  return y;
}

Tensor leaky_relu(const Run& run, const Tensor& x, double slope) {
  const auto below = static_cast<real>(slope);
  const auto bend = [=](real v) { return v < 0 ? below * v : v; };  // NaN stays NaN
  Array out = empty(x.shape());
  std::transform(x.value().data(), x.value().data() + out.size(), out.data(), bend);
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"leaky_relu", {x}, 1.0 * double(x.value().size()), [=](std::size_t i) {
                          const double v = x.value().data()[i];
                          Reason reason{"the number if it is positive, else a part of it", {}, v};
                          if (!(v < 0)) return reason.number(x, i);
                          reason.value = slope * v;
                          return reason.text(fmt::format("{:.6g} * ", slope)).number(x, i);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *value = x.value().data(), *dy = y.grad().data();
      real* dx = x.grad().data();
      for (std::size_t i = 0; i < x.value().size(); ++i)
        dx[i] += value[i] > 0 ? dy[i] : below * dy[i];
    });
  }
  return y;
}

}  // namespace attn
