#include <cmath>

#include "attn/core/gemm.h"
#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// "exp(s[i]) / (exp(s[first]) + ...)": each number of the row, with its mask where there is one.
Reason softmax_reason(const Tensor& s, const Tensor& mask, std::size_t index, std::size_t n) {
  const std::size_t first = index - index % n;
  const auto score = [&](std::size_t i) {
    const double m = mask ? double{mask.value().data()[i % mask.value().size()]} : 0.0;
    return s.value().data()[i] + m;
  };
  const auto exponential = [&](Reason& reason, std::size_t i) {
    reason.text("exp(").number(s, i);
    if (mask) reason.text(" + ").number(mask, i % mask.value().size());
    reason.text(")");
  };
  Reason reason{"its own exponential over the sum of its row's exponentials", {}, 0};
  double largest = score(first), sum = 0;
  for (std::size_t j = 1; j < n; ++j) largest = std::max(largest, score(first + j));
  exponential(reason, index);
  reason.text(" / (");
  for (std::size_t j = 0; j < n; ++j) {
    if (j > 0) reason.text(" + ");
    exponential(reason, first + j);
    sum += std::exp(score(first + j) - largest);
  }
  reason.text(")");
  const bool nothing = std::isinf(largest) && largest < 0;
  if (nothing) reason.rule = "a row with nothing to look at gives zeros";
  reason.value = nothing ? 0 : std::exp(score(index) - largest) / sum;
  return reason;
}

}  // namespace

Tensor softmax(const Run& run, Tensor s, const Tensor& mask) {
  require_rank("softmax", "s", s, 1);
  if (mask && (mask.shape().empty() || !is_tail_of(mask.shape(), s.shape()))) {
    shapes_do_not_fit("softmax", "scores", s, "mask", mask,
                      "the mask must have the scores' last axes");
  }
  const std::size_t n = columns(s.value()), count = rows(s.value());
  const std::size_t mask_rows = mask ? rows(mask.value()) : 1;
  const real* from = s.value().data();
  Array out = memory_of(run, s);
#pragma omp parallel for if (threads() > 1 && out.size() > 16384) num_threads(threads())
  for (std::size_t i = 0; i < count; ++i) {
    const real* m = mask ? mask.value().data() + i % mask_rows * n : nullptr;
    softmax_row(from + i * n, m, out.data() + i * n, n);
  }
  Tensor y = make_result(run, std::move(out), {s});

  if (run.trace) {
    std::vector<Tensor> inputs{s};
    if (mask) inputs.push_back(mask);
    run.trace->made(y, {"softmax", std::move(inputs), 4.0 * count * n,
                        [=](std::size_t i) { return softmax_reason(s, mask, i, n); }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // ds = y (dy - <dy, y>); the mask is a constant
      const real* value = y.value().data();
      const real* dy = y.grad().data();
      const Tensor::Sum ds = s.add_to_grad();
#pragma omp parallel for if (threads() > 1 && count * n > 16384) num_threads(threads())
      for (std::size_t i = 0; i < count; ++i) {
        softmax_row_backward(value + i * n, dy + i * n, ds.to + i * n, n, ds.beta);
      }
    });
  }
  return y;
}

Tensor naive_softmax(const Run& run, const Tensor& s) {
  require_rank("naive_softmax", "s", s, 1);
  const std::size_t n = columns(s.value());
  Array out = empty(s.shape());
  for (std::size_t i = 0; i < rows(s.value()); ++i) {
    naive_softmax_row(s.value().data() + i * n, out.data() + i * n, n);
  }
  Tensor y(std::move(out));
  if (run.trace) {
    run.trace->made(y, {"naive_softmax", {s}, 3.0 * s.value().size(), [=](std::size_t i) {
                          Reason reason = softmax_reason(s, {}, i, n);
                          reason.rule = "the formula as it stands; exp overflows for large scores";
                          reason.value =
                              y.value().data()[i];  // what a float can hold is the point here
                          return reason;
                        }});
  }
  return y;
}

}  // namespace attn
