#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor add(const Run& run, const Tensor& a, const Tensor& b) {
  if (!is_tail_of(b.shape(), a.shape())) {
    shapes_do_not_fit("add", "a", a, "b", b, "b must have the last axes of a");
  }
  const std::size_t size = b.value().size(), times = size == 0 ? 0 : a.value().size() / size;
  Array out = a.value();
  for (std::size_t t = 0; t < times; ++t) {
    add_scaled_row(1, b.value().data(), out.data() + t * size, size);
  }
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {"add", {a, b}, 1.0 * a.value().size(), [=](std::size_t i) {
      Reason reason{"the two numbers at this place, added", {},
                    double{a.value().data()[i]} + b.value().data()[i % size]};
      return reason.number(a, i).text(" + ").number(b, i % size);
    }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (a.needs_grad()) add_scaled_row(1, dy, a.grad().data(), a.value().size());
      if (b.needs_grad()) {
        for (std::size_t t = 0; t < times; ++t) add_scaled_row(1, dy + t * size, b.grad().data(), size);
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
      add_scaled_row(static_cast<real>(c), y.grad().data(), x.grad().data(), x.value().size());
    });
  }
  return y;
}

Tensor relu(const Run& run, const Tensor& x) {
  Array out = empty(x.shape());
  // Written so that NaN stays NaN: a broken number must not turn into a harmless 0.
  for (std::size_t i = 0; i < out.size(); ++i) {
    const real value = x.value().data()[i];
    out.data()[i] = value < 0 ? 0 : value;
  }
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"relu", {x}, 1.0 * x.value().size(), [=](std::size_t i) {
      Reason reason{"the number if it is positive, else 0", {}, y.value().data()[i]};
      return reason.text("max(").number(x, i).text(", 0)");
    }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *value = x.value().data(), *dy = y.grad().data();
      real* dx = x.grad().data();
      for (std::size_t i = 0; i < x.value().size(); ++i) dx[i] += value[i] > 0 ? dy[i] : 0;
    });
  }
  return y;
}

}  // namespace attn
