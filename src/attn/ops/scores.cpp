#include <algorithm>
#include <cmath>

#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor additive_scores(const Run& run, const Tensor& q, const Tensor& k, const Tensor& v) {
  require_rank("additive_scores", "q", q, 2);
  require_rank("additive_scores", "k", k, 2);
  const Shape sq = q.shape(), sk = k.shape();
  if (sq.size() != sk.size() || !std::equal(sq.begin(), sq.end() - 2, sk.begin()) ||
      sq.back() != sk.back()) {
    shapes_do_not_fit("additive_scores", "q", q, "k", k, "both need the same width a");
  }
  const std::size_t n_q = sq[sq.size() - 2], n_k = sk[sk.size() - 2], a = sq.back();
  if (v.shape() != Shape{a}) {
    shapes_do_not_fit("additive_scores", "q", q, "v", v, "v needs one number per column of q");
  }
  const std::size_t pairs = n_q * n_k, batch = count(Shape(sq.begin(), sq.end() - 2));
  // The row of q and the row of k that make score number `index`.
  const auto query = [=](std::size_t index) { return index / n_k; };
  const auto key = [=](std::size_t index) { return index / pairs * n_k + index % n_k; };
  Array out = empty(with_last(sq, n_k));  // (...,n_q,n_k)
  const real *queries = q.value().data(), *keys = k.value().data(), *last = v.value().data();
  real* to = out.data();
  in_parts(batch, pairs * a, [=](std::size_t begin, std::size_t end) {
    std::vector<real> t(a);
    for (std::size_t index = begin * pairs; index < end * pairs; ++index) {
      // 1. t = tanh(q_i + k_j)  2. s = v . t
      tanh_row(queries + query(index) * a, keys + key(index) * a, t.data(), a);
      to[index] = dot_row(last, t.data(), a);
    }
  });
  Tensor y = make_result(run, std::move(out), {q, k, v});

  if (run.trace) {
    run.trace->made(
        y, {"additive_scores", {q, k, v}, 4.0 * batch * pairs * a, [=](std::size_t index) {
              const std::size_t i = query(index), j = key(index);
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
      std::vector<real> t(a), dsum(a);
      const real* dy = y.grad().data();
      real* dq = q.needs_grad() ? q.grad().data() : nullptr;
      real* dk = k.needs_grad() ? k.grad().data() : nullptr;
      real* dv = v.needs_grad() ? v.grad().data() : nullptr;
      const real* weights = v.value().data();
      for (std::size_t index = 0; index < batch * pairs; ++index) {
        const std::size_t i = query(index), j = key(index);
        const real ds = dy[index];
        tanh_row(q.value().data() + i * a, k.value().data() + j * a, t.data(), a);
        // 2. dv += ds t, dt = ds v
        if (dv) add_scaled_row(ds, t.data(), dv, a);
        // 1. d(q_i + k_j) = dt (1 - t^2)
        for (std::size_t l = 0; l < a; ++l) dsum[l] = ds * weights[l] * (1 - t[l] * t[l]);
        if (dq) add_scaled_row(1, dsum.data(), dq + i * a, a);
        if (dk) add_scaled_row(1, dsum.data(), dk + j * a, a);
      }
    });
  }
  return y;
}

Tensor edge_scores(const Run& run, const Tensor& h, const Tensor& a) {
  require_rank("edge_scores", "h", h, 2);
  const Shape shape = h.shape();
  const std::size_t n = shape[shape.size() - 2], d = shape.back();
  if (a.shape() != Shape{2 * d})
    shapes_do_not_fit("edge_scores", "h", h, "a", a, "a needs two numbers per column of h");
  const std::size_t nodes = count(Shape(shape.begin(), shape.end() - 1));  // of all graphs
  const real* both = a.value().data();
  Array out = empty(with_last(shape, n));  // (...,n,n)
  // 1. what a node gives as the one who looks, and as the one who is looked at
  std::vector<real> looks(nodes), seen(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    looks[i] = dot_row(both, h.value().data() + i * d, d);
    seen[i] = dot_row(both + d, h.value().data() + i * d, d);
  }
  // 2. their sum for every pair of one graph
  for (std::size_t i = 0; i < nodes; ++i) {
    const real* others = seen.data() + i / n * n;
    for (std::size_t j = 0; j < n; ++j) out.data()[i * n + j] = looks[i] + others[j];
  }
  Tensor y = make_result(run, std::move(out), {h, a});

  if (run.trace) {
    run.trace->made(y, {"edge_scores",
                        {h, a},
                        4.0 * double(nodes) * double(d) + double(nodes) * double(n),
                        [=](std::size_t index) {
                          const std::size_t i = index / n, j = i / n * n + index % n;
                          Reason own =
                              sum_of_products("a . [the one who looks; the one who is looked at]",
                                              a, 0, 1, h, i * d, 1, d);
                          const Reason other = sum_of_products("", a, d, 1, h, j * d, 1, d);
                          own.text(" + ");
                          own.arithmetic.insert(own.arithmetic.end(), other.arithmetic.begin(),
                                                other.arithmetic.end());
                          own.value += other.value;
                          return own;
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *dy = y.grad().data(), *value = h.value().data(), *weights = a.value().data();
      for (std::size_t i = 0; i < nodes; ++i) {
        // 2. the sums over the pairs in which the node looks, and in which it is looked at
        real looks_too = 0, seen_too = 0;
        const std::size_t first = i / n * n;  // of its graph
        for (std::size_t j = 0; j < n; ++j) {
          looks_too += dy[i * n + j];
          seen_too += dy[(first + j) * n + i - first];
        }
        // 1. da += d(looks) h, d(seen) h, dh += d(looks) a_1 + d(seen) a_2
        if (a.needs_grad()) {
          add_scaled_row(looks_too, value + i * d, a.grad().data(), d);
          add_scaled_row(seen_too, value + i * d, a.grad().data() + d, d);
        }
        if (!h.needs_grad()) continue;
        add_scaled_row(looks_too, weights, h.grad().data() + i * d, d);
        add_scaled_row(seen_too, weights + d, h.grad().data() + i * d, d);
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
