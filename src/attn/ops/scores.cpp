#include <cmath>

#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor additive_scores(const Run& run, const Tensor& q, const Tensor& k, const Tensor& v) {
  if (q.shape().size() != 2 || k.shape().size() != 2 || q.shape()[1] != k.shape()[1]) {
    shapes_do_not_fit("additive_scores", "q", q, "k", k, "both need the same width a");
  }
  const std::size_t n_q = q.shape()[0], n_k = k.shape()[0], a = q.shape()[1];
  if (v.shape() != Shape{a}) {
    shapes_do_not_fit("additive_scores", "q", q, "v", v, "v needs one number per column of q");
  }
  Array out = empty({n_q, n_k});
  std::vector<real> t(a);
  for (std::size_t i = 0; i < n_q; ++i) {
    for (std::size_t j = 0; j < n_k; ++j) {
      tanh_row(q.value().data() + i * a, k.value().data() + j * a, t.data(),
               a);                                                       // 1. t = tanh(q_i + k_j)
      out.data()[i * n_k + j] = dot_row(v.value().data(), t.data(), a);  // 2. s = v . t
    }
  }
  Tensor y = make_result(run, std::move(out), {q, k, v});

  if (run.trace) {
    run.trace->made(
        y, {"additive_scores", {q, k, v}, 4.0 * n_q * n_k * a, [=](std::size_t index) {
              const std::size_t i = index / n_k, j = index % n_k;
              Reason reason{"v . tanh(query + key)", {}, 0};
              for (std::size_t l = 0; l < a; ++l) {
                reason.text(l == 0 ? "" : " + ").number(v, l).text(" * tanh(").number(q, i * a + l);
                reason.text(" + ").number(k, j * a + l).text(")");
                reason.value +=
                    v.value().data()[l] *
                    std::tanh(double{q.value().data()[i * a + l]} + k.value().data()[j * a + l]);
              }
              return reason;
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      std::vector<real> tanh(a), dsum(a);
      for (std::size_t i = 0; i < n_q; ++i) {
        for (std::size_t j = 0; j < n_k; ++j) {
          const real ds = y.grad().data()[i * n_k + j];
          tanh_row(q.value().data() + i * a, k.value().data() + j * a, tanh.data(), a);
          // 2. dv += ds t, dt = ds v
          if (v.needs_grad()) add_scaled_row(ds, tanh.data(), v.grad().data(), a);
          // 1. d(q_i + k_j) = dt (1 - t^2)
          for (std::size_t l = 0; l < a; ++l) {
            dsum[l] = ds * v.value().data()[l] * (1 - tanh[l] * tanh[l]);
          }
          if (q.needs_grad()) add_scaled_row(1, dsum.data(), q.grad().data() + i * a, a);
          if (k.needs_grad()) add_scaled_row(1, dsum.data(), k.grad().data() + j * a, a);
        }
      }
    });
  }
  return y;
}

Tensor unit_rows(const Run& run, const Tensor& x) {
  require_rank("unit_rows", "x", x, 1);
  const std::size_t n = rows(x.value()), d = columns(x.value());
  const auto length = [x, d](std::size_t i) {
    const real* values = x.value().data() + i * d;
    double sum = 0;
    for (std::size_t l = 0; l < d; ++l) sum += double{values[l]} * values[l];
    return std::sqrt(sum);
  };
  Array out = empty(x.shape());
  for (std::size_t i = 0; i < n; ++i) {
    const double norm = length(i);
    for (std::size_t l = 0; l < d; ++l) {
      out.data()[i * d + l] = norm == 0 ? 0 : static_cast<real>(x.value().data()[i * d + l] / norm);
    }
  }
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(
        y,
        {"unit_rows", {x}, 3.0 * n * d, [=](std::size_t i) {
           const std::size_t first = i / d * d;
           const double norm = length(i / d);
           if (norm == 0) return Reason{"a row of zeros stays zeros", {}, 0}.text("0");
           Reason reason{"the number over the length of its row", {}, x.value().data()[i] / norm};
           reason.number(x, i).text(" / sqrt(");
           for (std::size_t l = 0; l < d; ++l)
             reason.text(l == 0 ? "" : " + ").number(x, first + l).text("^2");
           return reason.text(")");
         }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dx = (dy - y <y, dy>) / |x|
      for (std::size_t i = 0; i < n; ++i) {
        const double norm = length(i);
        if (norm == 0) continue;
        const real* values = y.value().data() + i * d;
        const real* dy = y.grad().data() + i * d;
        const real inner = dot_row(values, dy, d);
        for (std::size_t l = 0; l < d; ++l) {
          x.grad().data()[i * d + l] += static_cast<real>((dy[l] - values[l] * inner) / norm);
        }
      }
    });
  }
  return y;
}

}  // namespace attn
