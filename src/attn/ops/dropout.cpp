#include "attn/core/rng.h"
#include "attn/ops/op.h"

namespace attn {

Tensor dropout(const Run& run, const Tensor& x, double rate) {
  if (!(rate >= 0 && rate <= 1))
    throw Error(ErrorKind::usage, fmt::format("dropout: rate {} is not between 0 and 1", rate));
  if (rate == 0 || !run.rng) return x;
  const real scale = static_cast<real>(1 / (1 - rate));
  auto keep = std::make_shared<Array>(empty(x.shape()));
  Array out = empty(x.shape());
  for (std::size_t i = 0; i < out.size(); ++i) {
    keep->data()[i] = run.rng->uniform() < rate ? 0 : scale;
    out.data()[i] = keep->data()[i] * x.value().data()[i];
  }
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {"dropout", {x}, double(x.value().size()), [=](std::size_t i) {
                          Reason reason{"kept and scaled up, or dropped, by chance",
                                        {},
                                        double{keep->data()[i]} * x.value().data()[i]};
                          return reason.text(fmt::format("{:g} * ", keep->data()[i])).number(x, i);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      for (std::size_t i = 0; i < keep->size(); ++i)
        x.grad().data()[i] += keep->data()[i] * y.grad().data()[i];
    });
  }
  return y;
}

}  // namespace attn
