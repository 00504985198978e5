#include "app/homework/wrong.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/homework/compare.h"
#include "attn/core/error.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

Array drawn(Rng& rng, const Shape& shape, int low, int high, double unit) {
  Array out = empty(shape);
  const std::uint64_t different =
      static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  for (real& number : out)
    number = static_cast<real>(unit * (low + static_cast<double>(rng.below(different))));
  return out;
}

std::size_t index_of(real number, std::size_t end) {
  if (!(number >= 0 && number < static_cast<real>(end)) || number != std::trunc(number)) {
    throw Error(ErrorKind::bad_input, fmt::format("{} is no place", number),
                fmt::format("places are whole numbers from 0 to {}", end - 1));
  }
  return static_cast<std::size_t>(number);
}

void add_wrong_scores(Wrongs& to, const Tensor& q, const Tensor& k, std::size_t model) {
  const auto d_k = static_cast<double>(q.shape().back());
  const auto scored = [](const Tensor& a, const Tensor& b, double factor) {
    return matmul_nt({}, a, b, factor).value();
  };
  to.push_back({"scale-missing", scored(q, k, 1)});
  to.push_back({"scale-by-dk", scored(q, k, 1 / d_k)});
  if (model > 0)
    to.push_back({"scale-by-model", scored(q, k, 1 / std::sqrt(static_cast<double>(model)))});
  to.push_back({"query-key-swapped", scored(k, q, 1 / std::sqrt(d_k))});
}

namespace {

/// exp(s) over the sum of `block` numbers at a time.
Array shared_out(const Array& s, std::size_t block) {
  Array out = s;
  for (std::size_t begin = 0; begin < s.size(); begin += block) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + block; ++i)
      sum += std::exp(static_cast<double>(s.data()[i]));
    for (std::size_t i = begin; i < begin + block; ++i)
      out.data()[i] = static_cast<real>(std::exp(static_cast<double>(s.data()[i])) / sum);
  }
  return out;
}

}  // namespace

void add_wrong_softmax(Wrongs& to, const Tensor& s, const Tensor& mask, std::size_t d_k) {
  const Tensor seen = mask ? add({}, s, mask) : s;
  const Shape shape = s.shape();
  const double root = std::sqrt(static_cast<double>(d_k));
  if (mask) {
    // A hidden column has no softmax: programs write different things there.
    const Array keep = transposed(mapped(mask.value(), [](double m) { return m == 0 ? 1 : 0; }));
    for (const Array& value : kept_softmax(transpose({}, s), keep))
      to.push_back({"softmax-over-queries", transposed(value)});
  } else {
    to.push_back({"softmax-over-queries", transposed(softmax({}, transpose({}, s)).value())});
  }
  to.push_back({"softmax-over-all", shared_out(seen.value(), seen.value().size())});
  if (shape.size() > 2) {
    to.push_back(
        {"softmax-over-all", shared_out(seen.value(), shape[shape.size() - 2] * shape.back())});
  }
  // Whoever scales the weights has scores without scale: those of the step before, or (if that
  // step was right) these times the root.
  to.push_back({"scale-after-softmax", scale({}, softmax({}, seen), 1 / root).value()});
  const Tensor unscaled = scale({}, s, root);
  to.push_back({"scale-after-softmax", scale({}, softmax({}, unscaled, mask), 1 / root).value()});
  // Twice: where the mask is added again, or not.
  const Tensor once = softmax({}, seen);
  to.push_back({"softmax-twice", softmax({}, once).value()});
  if (mask) to.push_back({"softmax-twice", softmax({}, once, mask).value()});
  to.push_back({"softmax-base", softmax({}, scale({}, seen, std::log(2.0))).value()});
}

std::vector<Array> kept_softmax(const Tensor& s, const Array& keep) {
  const Array mask = mapped(
      keep, [](double one) { return one != 0 ? 0 : -std::numeric_limits<double>::infinity(); });
  const Array zeros_there = softmax({}, s, Tensor(mask)).value();
  std::vector<std::size_t> empty_rows;
  for (std::size_t i = 0; i < rows(keep); ++i) {
    const auto kept_there = row(keep, i);
    if (std::all_of(kept_there.begin(), kept_there.end(), [](real x) { return x == 0; }))
      empty_rows.push_back(i);
  }
  std::vector<Array> out = {zeros_there};
  if (empty_rows.empty()) return out;
  const double share = 1.0 / static_cast<double>(columns(keep));
  for (const double fill : {std::nan(""), share}) {
    Array filled = zeros_there;
    for (std::size_t i = 0; i < rows(filled); ++i) {
      if (std::find(empty_rows.begin(), empty_rows.end(), i % rows(keep)) == empty_rows.end())
        continue;
      const auto there = row(filled, i);
      std::fill(there.begin(), there.end(), static_cast<real>(fill));
    }
    out.push_back(std::move(filled));
  }
  const Array raw = softmax({}, s).value();
  Array unhidden = zeros_there;
  for (std::size_t i = 0; i < rows(unhidden); ++i) {
    if (std::find(empty_rows.begin(), empty_rows.end(), i % rows(keep)) == empty_rows.end())
      continue;
    const auto from = row(raw, i);
    std::copy(from.begin(), from.end(), row(unhidden, i).begin());
  }
  out.push_back(std::move(unhidden));
  return out;
}

void add_wrong_mask(Wrongs& to, const Tensor& s, const Array& keep) {
  const std::size_t size = keep.size();
  const auto times_keep = [&](Array a) {
    for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] *= keep.data()[i % size];
    return a;
  };
  to.push_back({"mask-after-softmax", times_keep(softmax({}, s).value())});
  to.push_back({"mask-zero", softmax({}, Tensor(times_keep(s.value()))).value()});
  for (Array& value : kept_softmax(s, mapped(keep, [](double one) { return 1 - one; })))
    to.push_back({"mask-inverted", std::move(value)});
}

}  // namespace attn::app::homework
