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

}  // namespace

Tensor matmul(const Run& run, const Tensor& a, const Tensor& b) {
  require_rank("matmul", "a", a, 2);
  require_rank("matmul", "b", b, 2);
  const Shape sa = a.shape(), sb = b.shape();
  if (!same_batch(sa, sb) || sa.back() != sb[sb.size() - 2]) {
    shapes_do_not_fit("matmul", "a", a, "b", b, "a must be as wide as b has rows");
  }
  const std::size_t m = sa[sa.size() - 2], k = sa.back(), n = sb.back();
  const std::size_t batch = count(Shape(sa.begin(), sa.end() - 2));
  const std::size_t step_b = sb.size() == 2 ? 0 : k * n;
  Array out = empty(result_shape(sa, n));  // (...,m,n)
  gemm_batched({.m = m, .n = n, .k = k}, batch, a.value().data(), m * k, b.value().data(), step_b,
               out.data(), m * n);
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {"matmul", {a, b}, 2.0 * batch * m * n * k, [=](std::size_t i) {
                          const std::size_t item = i / (m * n), r = i / n % m, c = i % n;
                          return sum_of_products(
                              "a row of the left matrix times a column of the right one", a,
                              (item * m + r) * k, 1, b, item * step_b + c, n, k);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (a.needs_grad()) {  // da += dy b^T
        const auto [da, beta] = a.add_to_grad();
        gemm_batched({.m = m, .n = k, .k = n, .b = Stored::transposed, .beta = beta}, batch, dy,
                     m * n, b.value().data(), step_b, da, m * k);
      }
      if (b.needs_grad()) {  // db += a^T dy; a shared b collects from the whole batch, one by one
        Product p{.m = k, .n = n, .k = m, .a = Stored::transposed, .beta = 1};
        for (std::size_t i = 0; step_b == 0 && i < batch; ++i) {
          gemm(p, a.value().data() + i * m * k, dy + i * m * n, b.grad().data());
        }
        if (step_b != 0) {
          const auto [db, beta] = b.add_to_grad();
          p.beta = beta;
          gemm_batched(p, batch, a.value().data(), m * k, dy, m * n, db, step_b);
        }
      }
    });
  }
  return y;
}

Tensor matmul_nt(const Run& run, const Tensor& a, const Tensor& b, double scale) {
  require_rank("matmul_nt", "a", a, 2);
  require_rank("matmul_nt", "b", b, 2);
  const Shape sa = a.shape(), sb = b.shape();
  if (sa.size() != sb.size() || !same_batch(sa, sb) || sa.back() != sb.back()) {
    shapes_do_not_fit("matmul_nt", "a", a, "b", b, "rows of a and b must have the same width");
  }
  const std::size_t m = sa[sa.size() - 2], k = sa.back(), n = sb[sb.size() - 2];
  const std::size_t batch = count(Shape(sa.begin(), sa.end() - 2));
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
