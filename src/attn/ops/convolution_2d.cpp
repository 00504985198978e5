#include <algorithm>
#include <vector>

#include "attn/core/gemm.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// Sizes of a convolution over pictures, and where its taps look.
struct Grid {
  std::size_t pictures, height, width, c_in, c_out, kernel_h, kernel_w, stride;

  std::size_t out_height() const { return (height + stride - 1) / stride; }
  std::size_t out_width() const { return (width + stride - 1) / stride; }
  std::size_t places() const { return out_height() * out_width(); }  // of one picture's result
  std::size_t taps() const { return kernel_h * kernel_w; }

  /// The number of rows of one axis before `length` that tap `tap` of place `at` reads, or `length`
  /// where it reads beyond the edge.
  std::size_t source(std::size_t at, std::size_t tap, std::size_t kernel,
                     std::size_t length) const {
    const std::size_t place = at * stride + tap;
    return place < kernel / 2 ? length : std::min(place - kernel / 2, length);
  }
  std::size_t lines() const { return pictures * out_height(); }
  /// Lines of the result that are computed at a time, so that their columns stay in the cache.
  std::size_t together() const {
    const std::size_t each = std::max<std::size_t>(out_width() * taps() * c_in, 1);
    return std::max<std::size_t>(32768 / each, 1);
  }
  std::size_t parts() const { return (lines() + together() - 1) / together(); }

  /// Calls f(place of x, place among the columns, numbers) for every stretch of taps in a row that
  /// reads inside the picture, for lines begin .. end-1 of the result; their columns begin at 0.
  template <class F>
  void each(std::size_t begin, std::size_t end, F f) const {
    for (std::size_t l = begin; l < end; ++l) {
      const std::size_t picture = l / out_height(), i = l % out_height();
      for (std::size_t j = 0; j < out_width(); ++j) {
        // The taps of one row lie side by side in x as among the columns.
        const std::size_t left = j * stride, own = kernel_w / 2;
        const std::size_t first = left < own ? own - left : 0;
        const std::size_t last = std::min(kernel_w, width + own - left);
        if (first >= last) continue;
        for (std::size_t a = 0; a < kernel_h; ++a) {
          const std::size_t row = source(i, a, kernel_h, height);
          if (row == height) continue;
          f(((picture * height + row) * width + left + first - own) * c_in,
            ((((l - begin) * out_width() + j) * kernel_h + a) * kernel_w + first) * c_in,
            (last - first) * c_in);
        }
      }
    }
  }
  /// Calls f(begin, end, columns) for parts begin .. end-1 of the lines; `columns` holds the inputs
  /// of each place side by side, zeros beyond the edges: (places, taps c_in).
  template <class F>
  void each_part(const real* x, std::size_t first, std::size_t last, F f) const {
    std::vector<real> columns(std::min(together(), lines()) * out_width() * taps() * c_in);
    for (std::size_t part = first; part < last; ++part) {
      const std::size_t begin = part * together(), end = std::min(lines(), begin + together());
      std::fill(columns.begin(), columns.end(), real{0});
      each(begin, end, [&](std::size_t from, std::size_t to, std::size_t n) {
        std::copy_n(x + from, n, columns.data() + to);
      });
      f(begin, end, columns.data());
    }
  }
};

Grid grid_of(const Tensor& x, const Tensor& w, const Tensor& b, std::size_t stride) {
  require_rank("convolution_2d", "x", x, 3);
  const Shape shape = x.shape(), sw = w.shape();
  if (sw.size() != 4 || sw[2] != shape.back()) {
    shapes_do_not_fit("convolution_2d", "x", x, "w", w,
                      "w must be (height, width, channels of x, c_out)");
  }
  if (b && b.shape() != Shape{sw[3]})
    shapes_do_not_fit("convolution_2d", "w", w, "b", b, "b needs one number per output channel");
  if (stride == 0)
    throw Error(ErrorKind::usage, "convolution_2d: a stride of 0", "the stride is at least 1");
  const std::size_t rank = shape.size();
  return {count(Shape(shape.begin(), shape.end() - 3)),
          shape[rank - 3],
          shape[rank - 2],
          sw[2],
          sw[3],
          sw[0],
          sw[1],
          stride};
}

}  // namespace

Tensor convolution_2d(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b,
                      std::size_t stride) {
  const Grid z = grid_of(x, w, b, stride);
  const std::size_t all = z.pictures * z.places(), width = z.taps() * z.c_in,
                    line = z.out_width() * z.c_out;  // numbers in a line of the result
  Shape shape = x.shape();
  shape[shape.size() - 3] = z.out_height();
  shape[shape.size() - 2] = z.out_width();
  shape.back() = z.c_out;
  Array out = b ? empty(shape) : zeros(shape);
  for (std::size_t i = 0; b && i < all; ++i)
    std::copy_n(b.value().data(), z.c_out, out.data() + i * z.c_out);
  // Part by part: 1. the columns  2. one product: y = columns w + b
  in_parts(z.parts(), z.together() * line, [&](std::size_t first, std::size_t last) {
    z.each_part(x.value().data(), first, last,
                [&](std::size_t begin, std::size_t end, const real* columns) {
                  gemm({.m = (end - begin) * z.out_width(), .n = z.c_out, .k = width, .beta = 1},
                       columns, w.value().data(), out.data() + begin * line);
                });
  });
  Tensor y =
      b ? make_result(run, std::move(out), {x, w, b}) : make_result(run, std::move(out), {x, w});

  if (run.trace) {
    std::vector<Tensor> inputs{x, w};
    if (b) inputs.push_back(b);
    run.trace->made(
        y,
        {"convolution_2d", std::move(inputs), 2.0 * double(all) * double(width) * double(z.c_out),
         [=](std::size_t index) {
           const std::size_t c = index % z.c_out, place = index / z.c_out % z.places(),
                             picture = index / z.c_out / z.places();
           Reason reason{"each tap's inputs times its weights, added; beyond the edges stand zeros",
                         {},
                         b ? double{b.value().data()[c]} : 0.0};
           std::size_t terms = 0;
           for (std::size_t tap = 0; tap < z.taps(); ++tap) {
             const std::size_t row = z.source(place / z.out_width(), tap / z.kernel_w, z.kernel_h,
                                              z.height),
                               column = z.source(place % z.out_width(), tap % z.kernel_w,
                                                 z.kernel_w, z.width);
             if (row == z.height || column == z.width) continue;
             for (std::size_t l = 0; l < z.c_in; ++l, ++terms) {
               const std::size_t at = ((picture * z.height + row) * z.width + column) * z.c_in + l,
                                 k = (tap * z.c_in + l) * z.c_out + c;
               reason.text(terms == 0 ? "" : " + ").number(x, at).text(" * ").number(w, k);
               reason.value += double{x.value().data()[at]} * w.value().data()[k];
             }
           }
           if (b) return reason.text(terms == 0 ? "" : " + ").number(b, c);
           return terms == 0 ? reason.text("0") : reason;
         }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (b && b.needs_grad()) {
        real* db = b.grad().data();
        for (std::size_t i = 0; i < all; ++i) add_scaled_row(1, dy + i * z.c_out, db, z.c_out);
      }
      real* dw = w.needs_grad() ? w.grad().data() : nullptr;
      real* dx = x.needs_grad() ? x.grad().data() : nullptr;
      std::vector<real> d_columns;
      z.each_part(
          x.value().data(), 0, z.parts(),
          [&](std::size_t begin, std::size_t end, const real* columns) {
            const std::size_t places = (end - begin) * z.out_width();
            const real* part = dy + begin * line;
            // 2. dw += columns^T dy, dcolumns = dy w^T
            if (dw)
              gemm({.m = width, .n = z.c_out, .k = places, .a = Stored::transposed, .beta = 1},
                   columns, part, dw);
            if (!dx) return;
            d_columns.resize(places * width);
            gemm({.m = places, .n = width, .k = z.c_out, .b = Stored::transposed}, part,
                 w.value().data(), d_columns.data());
            // 1. every input collects from the taps that read it
            z.each(begin, end, [&](std::size_t at, std::size_t to, std::size_t n) {
              add_scaled_row(1, d_columns.data() + to, dx + at, n);
            });
          });
    });
  }
  return y;
}

}  // namespace attn
