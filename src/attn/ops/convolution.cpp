#include "attn/core/gemm.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// Sizes of a convolution over time, and where its taps look.
struct Taps {
  std::size_t batch, time, c_in, c_out, kernel, dilation;
  bool causal;
  /// The time step that tap j of the result at t reads; outside 0 .. time-1 it reads zeros.
  std::ptrdiff_t place(std::size_t t, std::size_t j) const {
    const std::size_t own = causal ? kernel - 1 : kernel / 2;  // the tap on the position itself
    return static_cast<std::ptrdiff_t>(t) +
           (static_cast<std::ptrdiff_t>(j) - static_cast<std::ptrdiff_t>(own)) *
               static_cast<std::ptrdiff_t>(dilation);
  }
  bool inside(std::ptrdiff_t place) const {
    return place >= 0 && place < static_cast<std::ptrdiff_t>(time);
  }
  /// Calls f(place of x, place among the columns) for every tap that reads an input, and
  /// outside(place among the columns) for the others. Sentences are shared out over the threads.
  template <class F, class G>
  void each(F f, G outside) const {
#pragma omp parallel for if (threads() > 1 && batch > 1) num_threads(threads())
    for (std::size_t b = 0; b < batch; ++b) {
      for (std::size_t t = 0; t < time; ++t) {
        for (std::size_t j = 0; j < kernel; ++j) {
          const std::ptrdiff_t from = place(t, j);
          const std::size_t column = ((b * time + t) * kernel + j) * c_in;
          if (inside(from)) {
            f((b * time + static_cast<std::size_t>(from)) * c_in, column);
          } else {
            outside(column);
          }
        }
      }
    }
  }
};

}  // namespace

Tensor convolution(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b,
                   std::size_t dilation, bool causal) {
  require_rank("convolution", "x", x, 2);
  const Shape shape = x.shape(), sw = w.shape();
  if (sw.size() != 3 || sw[1] != shape.back())
    shapes_do_not_fit("convolution", "x", x, "w", w, "w must be (kernel, width of x, c_out)");
  if (b.shape() != Shape{sw[2]})
    shapes_do_not_fit("convolution", "w", w, "b", b, "b needs one number per output channel");
  const Taps z{count(Shape(shape.begin(), shape.end() - 2)),
               shape[shape.size() - 2],
               sw[1],
               sw[2],
               sw[0],
               dilation,
               causal};
  const std::size_t all = z.batch * z.time, width = z.kernel * z.c_in;
  // 1. each position's inputs side by side, zeros beyond the ends: (batch time, kernel c_in)
  auto columns = std::make_shared<Array>(empty({all, width}));
  z.each(
      [&](std::size_t from, std::size_t to) {
        std::copy_n(x.value().data() + from, z.c_in, columns->data() + to);
      },
      [&](std::size_t to) { std::fill_n(columns->data() + to, z.c_in, real{0}); });
  // 2. one product: y = columns w + b
  Array out = empty(with_last(shape, z.c_out));
  for (std::size_t i = 0; i < all; ++i)
    std::copy_n(b.value().data(), z.c_out, out.data() + i * z.c_out);
  gemm({.m = all, .n = z.c_out, .k = width, .beta = 1}, columns->data(), w.value().data(),
       out.data());
  Tensor y = make_result(run, std::move(out), {x, w, b});

  if (run.trace) {
    run.trace->made(
        y,
        {"convolution",
         {x, w, b},
         2.0 * double(all) * double(width) * double(z.c_out),
         [=](std::size_t i) {
           const std::size_t c = i % z.c_out, t = i / z.c_out % z.time, item = i / z.c_out / z.time;
           Reason reason{"each tap's input times its weights, added; beyond the ends stand zeros",
                         {},
                         double{b.value().data()[c]}};
           for (std::size_t j = 0; j < z.kernel; ++j) {
             const std::ptrdiff_t from = z.place(t, j);
             for (std::size_t l = 0; z.inside(from) && l < z.c_in; ++l) {
               const std::size_t a = (item * z.time + static_cast<std::size_t>(from)) * z.c_in + l,
                                 k = (j * z.c_in + l) * z.c_out + c;
               reason.number(x, a).text(" * ").number(w, k).text(" + ");
               reason.value += double{x.value().data()[a]} * w.value().data()[k];
             }
           }
           return reason.number(b, c);
         }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      // 2. dw += columns^T dy, db += rows of dy, dcolumns = dy w^T
      if (w.needs_grad()) {
        const auto [dw, beta] = w.add_to_grad();
        gemm({.m = width, .n = z.c_out, .k = all, .a = Stored::transposed, .beta = beta},
             columns->data(), dy, dw);
      }
      if (b.needs_grad()) {
        real* db = b.grad().data();
        for (std::size_t i = 0; i < all; ++i) add_scaled_row(1, dy + i * z.c_out, db, z.c_out);
      }
      if (!x.needs_grad()) return;
      Array d_columns = empty({all, width});
      gemm({.m = all, .n = width, .k = z.c_out, .b = Stored::transposed}, dy, w.value().data(),
           d_columns.data());
      // 1. every input collects from the taps that read it
      real* dx = x.grad().data();
      z.each([&](std::size_t from,
                 std::size_t to) { add_scaled_row(1, d_columns.data() + to, dx + from, z.c_in); },
             [](std::size_t) {});
    });
  }
  return y;
}

}  // namespace attn
