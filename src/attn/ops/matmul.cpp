#include "attn/core/gemm.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

bool same_batch(const Shape& a, const Shape& b) {
  return b.size() == 2 || (a.size() == b.size() && std::equal(a.begin(), a.end() - 2, b.begin()));
}

Shape result_shape(const Shape& a, std::size_t n) {
  Shape shape = a;
  shape.back() = n;
  return shape;
}

struct Products {
  std::size_t count, rows;
};

/// One product per leading index of a, or, with one b for all of them, one product of all rows.
Products products(const Shape& a, const Shape& b) {
  if (b.size() == 2) return {1, count(Shape(a.begin(), a.end() - 1))};
  return {count(Shape(a.begin(), a.end() - 2)), a[a.size() - 2]};
}

}  // namespace

Tensor matmul(const Run& run, const Tensor& a, const Tensor& b) {
  require_rank("matmul", "a", a, 2);
  require_rank("matmul", "b", b, 2);
  const Shape sa = a.shape(), sb = b.shape();
  if (!same_batch(sa, sb) || sa.back() != sb[sb.size() - 2]) {
    shapes_do_not_fit("matmul", "a", a, "b", b, "a must be as wide as b has rows");
  }
  const std::size_t k = sa.back(), n = sb.back();
  const Products p = products(sa, sb);
  const std::size_t batch = p.count, m = p.rows;
  Array out = empty(result_shape(sa, n));  // (...,m,n)
  gemm_batched({.m = m, .n = n, .k = k}, batch, a.value().data(), m * k, b.value().data(), k * n,
               out.data(), m * n);
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {"matmul", {a, b}, 2.0 * batch * m * n * k, [=](std::size_t i) {
                          const std::size_t item = i / (m * n), r = i / n % m, c = i % n;
                          return sum_of_products(
                              "a row of the left matrix times a column of the right one", a,
                              (item * m + r) * k, 1, b, item * k * n + c, n, k);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (a.needs_grad()) {  // da += dy b^T
        const auto [da, beta] = a.add_to_grad();
        gemm_batched({.m = m, .n = k, .k = n, .b = Stored::transposed, .beta = beta}, batch, dy,
                     m * n, b.value().data(), k * n, da, m * k);
      }
      if (b.needs_grad()) {  // db += a^T dy
        const auto [db, beta] = b.add_to_grad();
        gemm_batched({.m = k, .n = n, .k = m, .a = Stored::transposed, .beta = beta}, batch,
                     a.value().data(), m * k, dy, m * n, db, k * n);
      }
    });
  }
  return y;
}

Tensor matmul_nt(const Run& run, const Tensor& a, const Tensor& b, double scale) {
  require_rank("matmul_nt", "a", a, 2);
  require_rank("matmul_nt", "b", b, 2);
  const Shape sa = a.shape(), sb = b.shape();
  if (!same_batch(sa, sb) || sa.back() != sb.back()) {
    shapes_do_not_fit("matmul_nt", "a", a, "b", b, "rows of a and b must have the same width");
  }
  const std::size_t k = sa.back(), n = sb[sb.size() - 2];
  const Products p = products(sa, sb);
  const std::size_t batch = p.count, m = p.rows;
  const real c = static_cast<real>(scale);
  Array out = empty(result_shape(sa, n));  // (...,m,n)
  gemm_batched({.m = m, .n = n, .k = k, .b = Stored::transposed, .alpha = c}, batch,
               a.value().data(), m * k, b.value().data(), n * k, out.data(), m * n);
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {"matmul_nt", {a, b}, 2.0 * batch * m * n * k, [=](std::size_t i) {
                          const std::size_t item = i / (m * n), r = i / n % m, column = i % n;
                          return sum_of_products(
                              "a row of the left matrix times a row of the right one", a,
                              (item * m + r) * k, 1, b, (item * n + column) * k, 1, k, scale);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (a.needs_grad()) {  // da += c dy b
        const auto [da, beta] = a.add_to_grad();
        gemm_batched({.m = m, .n = k, .k = n, .alpha = c, .beta = beta}, batch, dy, m * n,
                     b.value().data(), n * k, da, m * k);
      }
      if (b.needs_grad()) {  // db += c dy^T a
        const auto [db, beta] = b.add_to_grad();
        gemm_batched({.m = n, .n = k, .k = m, .a = Stored::transposed, .alpha = c, .beta = beta},
                     batch, dy, m * n, a.value().data(), m * k, db, n * k);
      }
    });
  }
  return y;
}

}  // namespace attn
