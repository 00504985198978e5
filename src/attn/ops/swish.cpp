#include <cmath>

#include "attn/core/lanes.h"
#include "attn/ops/op.h"

namespace attn {

Tensor swish(const Run& run, Tensor x) {
  const std::size_t n = x.value().size();
  const real* value = x.value().data();
  Array out = memory_of(run, x);
  real* to = out.data();
  in_parts(n, 4, [=](std::size_t begin, std::size_t end) {
    for_lanes(end - begin, [&](auto l) {
      const Batch v = l.load(value + begin);
      l.store(v * sigmoid(v), to + begin);
    });
  });
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"swish", {x}, 5.0 * double(n), [=](std::size_t i) {
                          const double v = x.value().data()[i];
                          Reason reason{"the number times its sigmoid", {}, v / (1 + std::exp(-v))};
                          return reason.number(x, i).text(" * sigmoid(").number(x, i).text(")");
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dx = (s + x s (1 - s)) dy, with s = sigmoid(x)
      const real *from = x.value().data(), *dy = y.grad().data();
      const Tensor::Sum dx = x.add_to_grad();
      in_parts(n, 4, [=](std::size_t begin, std::size_t end) {
        for_lanes(end - begin, [&](auto l) {
          const Batch v = l.load(from + begin), s = sigmoid(v);
          const Batch d = (s + v * s * (Batch(1) - s)) * l.load(dy + begin);
          l.store(dx.beta == 0 ? d : l.load(dx.to + begin) + d, dx.to + begin);
        });
      });
    });
  }
  return y;
}

}  // namespace attn
