#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/core/rng.h"
#include "attn/ops/op.h"

namespace attn {

Tensor hardmax(const Run& run, const Tensor& s) {
  require_rank("hardmax", "s", s, 1);
  const std::size_t n = columns(s.value());
  Array out = zeros(s.shape());
  for (std::size_t i = 0; i < rows(s.value()); ++i) {
    const auto r = row(s.value(), i);
    const auto largest = std::max_element(r.begin(), r.end());
    if (std::any_of(r.begin(), r.end(), [](real x) { return std::isnan(x); })) {
      std::fill_n(out.data() + i * n, n, std::numeric_limits<real>::quiet_NaN());
    } else if (*largest !=
               -std::numeric_limits<real>::infinity()) {  // else nothing to look at: zeros
      out.data()[i * n + static_cast<std::size_t>(largest - r.begin())] = 1;
    }
  }
  Tensor y(std::move(out));
  if (run.trace) {
    run.trace->made(
        y, {"hardmax", {s}, 1.0 * s.value().size(), [=](std::size_t i) {
              const bool chosen = y.value().data()[i] != 0;
              Reason reason{
                  chosen ? "1: the largest of its row"
                         : "0: another number of the row is larger, or as large and before it",
                  {},
                  y.value().data()[i]};
              const std::size_t first = i - i % n;
              reason.number(s, i).text(" == max(");
              for (std::size_t j = 0; j < n; ++j)
                reason.text(j == 0 ? "" : ", ").number(s, first + j);
              return reason.text(") ?");
            }});
  }
  return y;
}

Tensor sample_rows(const Run& run, const Tensor& probabilities) {
  require_rank("sample_rows", "probabilities", probabilities, 1);
  if (!run.rng)
    throw Error(ErrorKind::usage, "sample_rows needs a random generator", "give one in Run::rng");
  const std::size_t n = columns(probabilities.value()), count = rows(probabilities.value());
  Array out = zeros(probabilities.shape());
  std::vector<double> draws(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto p = row(probabilities.value(), i);
    double total = 0;
    for (const real value : p) total += value;
    draws[i] = run.rng->uniform() * total;
    // The first place at which the running sum passes the draw; rounding may leave none.
    std::size_t place = n;
    double sum = 0;
    for (std::size_t j = 0; j < n && place == n; ++j) {
      sum += p[j];
      if (draws[i] < sum) place = j;
    }
    if (total > 0) out.data()[i * n + std::min(place, n - 1)] = 1;
  }
  Tensor y(std::move(out));
  if (run.trace) {
    run.trace->made(y, {"sample_rows", {probabilities}, 1.0 * count * n, [=](std::size_t i) {
                          const std::size_t first = i - i % n;
                          const bool chosen = y.value().data()[i] != 0;
                          Reason reason{chosen
                                            ? "1: the draw fell into this number's part of the row"
                                            : "0: the draw fell into another part of the row",
                                        {},
                                        chosen ? 1.0 : 0.0};
                          reason.text(fmt::format("draw {:.4f} in the running sum ", draws[i / n]));
                          for (std::size_t j = first; j <= i; ++j)
                            reason.text(j == first ? "" : " + ").number(probabilities, j);
                          return reason.text(" ?");
                        }});
  }
  return y;
}

}  // namespace attn
