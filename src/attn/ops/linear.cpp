#include "attn/core/gemm.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor linear(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b) {
  if (x.shape().empty() || w.shape().size() != 2 || x.shape().back() != w.shape()[0]) {
    shapes_do_not_fit("linear", "x", x, "w", w, "x must be as wide as w has rows");
  }
  const std::size_t d_in = w.shape()[0], d_out = w.shape()[1];
  if (b && b.shape() != Shape{d_out}) {
    shapes_do_not_fit("linear", "w", w, "b", b, "b needs one number per column of w");
  }
  Array out = empty(with_last(x.shape(), d_out));  // (...,d_out)
  const std::size_t n = rows(out);                 // also where x is 0 wide
  // 1. each row of the result starts as b
  if (b) {
    const real* from = b.value().data();
    real* to = out.data();
    in_parts(n, d_out, [=](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) std::copy(from, from + d_out, to + i * d_out);
    });
  }
  // 2. y += x W
  gemm({.m = n, .n = d_out, .k = d_in, .beta = b ? real{1} : real{0}}, x.value().data(),
       w.value().data(), out.data());
  Tensor y =
      b ? make_result(run, std::move(out), {x, w, b}) : make_result(run, std::move(out), {x, w});

  if (run.trace) {
    const double flops = 2.0 * n * d_in * d_out;
    std::vector<Tensor> inputs{x, w};
    if (b) inputs.push_back(b);
    run.trace->made(y, {"linear", std::move(inputs), flops, [=](std::size_t i) {
                          Reason reason = sum_of_products(
                              "a row of the left matrix times a column of the right one", x,
                              i / d_out * d_in, 1, w, i % d_out, d_out, d_in);
                          if (b) {
                            reason.text(" + ").number(b, i % d_out);
                            reason.value += b.value().data()[i % d_out];
                          }
                          return reason;
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      // 2. dx += dy W^T, dW += x^T dy
      if (x.needs_grad()) {
        const auto [dx, beta] = x.add_to_grad();
        gemm({.m = n, .n = d_in, .k = d_out, .b = Stored::transposed, .beta = beta}, dy,
             w.value().data(), dx);
      }
      if (w.needs_grad()) {
        const auto [dw, beta] = w.add_to_grad();
        gemm({.m = d_in, .n = d_out, .k = n, .a = Stored::transposed, .beta = beta},
             x.value().data(), dy, dw);
      }
      // 1. db += sum of the rows of dy
      if (b && b.needs_grad()) {
        real* db = b.grad().data();
        for (std::size_t i = 0; i < n; ++i) add_scaled_row(1, dy + i * d_out, db, d_out);
      }
    });
  }
  return y;
}

}  // namespace attn
