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

}  // namespace attn
