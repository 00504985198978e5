#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

Tensor renormalize(const Run& run, const Tensor& w, const Tensor& keep) {
  require_rank("renormalize", "w", w, 1);
  if (!is_tail_of(keep.shape(), w.shape())) {
    shapes_do_not_fit("renormalize", "weights", w, "keep", keep,
                      "keep must have the weights' last axes");
  }
  const std::size_t n = columns(w.value()), count = rows(w.value());
  const auto kept = [=](std::size_t i) { return keep.value().data()[i % keep.value().size()]; };
  const auto total = [=](std::size_t r) {  // what is kept of row r
    double sum = 0;
    for (std::size_t i = r * n; i < (r + 1) * n; ++i) sum += double{kept(i)} * w.value().data()[i];
    return sum;
  };
  Array out = zeros(w.shape());
  for (std::size_t r = 0; r < count; ++r) {
    const double sum = total(r);
    for (std::size_t i = r * n; i < (r + 1) * n && sum != 0; ++i) {
      out.data()[i] = static_cast<real>(kept(i) * w.value().data()[i] / sum);
    }
  }
  Tensor y = make_result(run, std::move(out), {w});

  if (run.trace) {
    run.trace->made(
        y, {"renormalize", {w, keep}, 3.0 * count * n, [=](std::size_t i) {
              Reason reason{"what is kept, over the sum of what is kept in its row", {}, 0};
              const double sum = total(i / n);
              if (sum == 0)
                return Reason{"a row of which nothing is kept gives zeros", {}, 0}.text("0");
              reason.value = kept(i) * w.value().data()[i] / sum;
              reason.number(keep, i % keep.value().size()).text(" * ").number(w, i).text(" / (");
              bool first = true;
              for (std::size_t j = i - i % n; j < i - i % n + n; ++j) {
                if (kept(j) == 0) continue;
                reason.text(first ? "" : " + ").number(w, j);
                first = false;
              }
              return reason.text(")");
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dw = keep (dy - <dy, y>) / sum
      for (std::size_t r = 0; r < count; ++r) {
        const double sum = total(r);
        if (sum == 0) continue;
        const real* dy = y.grad().data() + r * n;
        const real inner = dot_row(dy, y.value().data() + r * n, n);
        for (std::size_t j = 0; j < n; ++j) {
          w.grad().data()[r * n + j] += static_cast<real>(kept(r * n + j) * (dy[j] - inner) / sum);
        }
      }
    });
  }
  return y;
}

}  // namespace attn
