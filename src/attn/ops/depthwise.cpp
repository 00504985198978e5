#include <algorithm>

#include "attn/ops/op.h"

namespace attn {

namespace {

/// Calls f(t, at, j) for each time step t of all sentences and each tap j that reads a row inside
/// its sentence: the row `at`.
template <class F>
void each_tap(std::size_t sentences, std::size_t time, std::size_t kernel, F f) {
  const std::size_t own = kernel / 2;  // the tap on the position itself
  for (std::size_t t = 0; t < sentences * time; ++t) {
    const std::size_t place = t % time;
    for (std::size_t j = 0; j < kernel; ++j)
      if (place + j >= own && place + j - own < time) f(t, t + j - own, j);
  }
}

}  // namespace

Tensor depthwise_convolution(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b) {
  require_rank("depthwise_convolution", "x", x, 2);
  const Shape shape = x.shape(), sw = w.shape();
  const std::size_t time = shape[shape.size() - 2], c = shape.back();
  if (sw.size() != 2 || sw[1] != c)
    shapes_do_not_fit("depthwise_convolution", "x", x, "w", w, "w must be (kernel, width of x)");
  if (b.shape() != Shape{c})
    shapes_do_not_fit("depthwise_convolution", "w", w, "b", b, "b needs one number per channel");
  const std::size_t kernel = sw[0], sentences = count(Shape(shape.begin(), shape.end() - 2));
  Array out = empty(shape);
  const real *from = x.value().data(), *taps = w.value().data();
  real* to = out.data();
  for (std::size_t t = 0; t < sentences * time; ++t) std::copy_n(b.value().data(), c, to + t * c);
  each_tap(sentences, time, kernel, [=](std::size_t t, std::size_t at, std::size_t j) {
    for (std::size_t l = 0; l < c; ++l) to[t * c + l] += taps[j * c + l] * from[at * c + l];
  });
  Tensor y = make_result(run, std::move(out), {x, w, b});

  if (run.trace) {
    run.trace->made(y,
                    {"depthwise_convolution",
                     {x, w, b},
                     2.0 * double(sentences * time) * double(kernel) * double(c),
                     [=](std::size_t i) {
                       const std::size_t l = i % c, t = i / c, place = t % time, own = kernel / 2;
                       Reason reason{
                           "each tap's input times its weight, within the channel, added; beyond "
                           "the ends stand zeros",
                           {},
                           double{b.value().data()[l]}};
                       for (std::size_t j = 0; j < kernel; ++j) {
                         if (place + j < own || place + j - own >= time) continue;
                         const std::size_t at = (t + j - own) * c + l;
                         reason.number(x, at).text(" * ").number(w, j * c + l).text(" + ");
                         reason.value += double{x.value().data()[at]} * w.value().data()[j * c + l];
                       }
                       return reason.number(b, l);
                     }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real *dy = y.grad().data(), *value = x.value().data(), *weights = w.value().data();
      real* dx = x.needs_grad() ? x.grad().data() : nullptr;
      real* dw = w.needs_grad() ? w.grad().data() : nullptr;
      real* db = b.needs_grad() ? b.grad().data() : nullptr;
      for (std::size_t i = 0; db && i < y.value().size(); ++i) db[i % c] += dy[i];
      each_tap(sentences, time, kernel, [=](std::size_t t, std::size_t at, std::size_t j) {
        for (std::size_t l = 0; dw && l < c; ++l)
          dw[j * c + l] += dy[t * c + l] * value[at * c + l];
        for (std::size_t l = 0; dx && l < c; ++l)
          dx[at * c + l] += dy[t * c + l] * weights[j * c + l];
      });
    });
  }
  return y;
}

}  // namespace attn
