#include "attn/core/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <xsimd/xsimd.hpp>

namespace attn {

namespace {

using Batch = xsimd::batch<real>;
constexpr std::size_t kWidth = Batch::size;
constexpr real kInfinity = std::numeric_limits<real>::infinity();

/// Loads the `left` (< kWidth) numbers at x; the other lanes hold `filling`. The end of a row goes
/// through the same SIMD functions as the rest, so a number does not depend on its place.
Batch load_part(const real* x, std::size_t left, real filling) {
  alignas(64) real lanes[kWidth];
  std::fill(std::copy(x, x + left, lanes), lanes + kWidth, filling);
  return Batch::load_aligned(lanes);
}

void store_part(Batch b, real* y, std::size_t left) {
  alignas(64) real lanes[kWidth];
  b.store_aligned(lanes);
  std::copy(lanes, lanes + left, y);
}

real largest_lane(Batch b) {
  alignas(64) real lanes[kWidth];
  b.store_aligned(lanes);
  return *std::max_element(lanes, lanes + kWidth);
}

/// y[j] = f(x[j]) for whole registers, then for the rest.
template <class F>
void map_row(const real* x, real* y, std::size_t n, F f) {
  std::size_t j = 0;
  for (; j + kWidth <= n; j += kWidth) f(Batch::load_unaligned(x + j), j).store_unaligned(y + j);
  if (j < n) store_part(f(load_part(x + j, n - j, 0), j), y + j, n - j);
}

real largest(const real* s, const real* mask, std::size_t n) {
  // Four registers, so that one comparison need not wait for the one before.
  Batch m0(-kInfinity), m1 = m0, m2 = m0, m3 = m0;
  std::size_t j = 0;
  const auto at = [&](std::size_t i) {
    const Batch x = Batch::load_unaligned(s + i);
    return mask ? x + Batch::load_unaligned(mask + i) : x;
  };
  for (; j + 4 * kWidth <= n; j += 4 * kWidth) {
    m0 = xsimd::max(at(j), m0);
    m1 = xsimd::max(at(j + kWidth), m1);
    m2 = xsimd::max(at(j + 2 * kWidth), m2);
    m3 = xsimd::max(at(j + 3 * kWidth), m3);
  }
  for (; j + kWidth <= n; j += kWidth) m0 = xsimd::max(at(j), m0);
  real m = largest_lane(xsimd::max(xsimd::max(m0, m1), xsimd::max(m2, m3)));
  for (; j < n; ++j) m = std::max(m, mask ? s[j] + mask[j] : s[j]);
  return m;
}

bool has_nan(const real* s, const real* mask, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    if (std::isnan(mask ? s[j] + mask[j] : s[j])) return true;
  }
  return false;
}

}  // namespace

std::size_t simd_width() { return kWidth; }

void softmax_row(const real* s, const real* mask, real* y, std::size_t n) {
  // 1. the largest number of the row
  const real m = largest(s, mask, n);
  if (m == -kInfinity) {
    const real nothing = has_nan(s, mask, n) ? std::numeric_limits<real>::quiet_NaN() : 0;
    std::fill(y, y + n, nothing);
    return;
  }
  // 2. e_j = exp(s_j + mask_j - m), at most 1; and their sum
  Batch sum0(0), sum1(0);
  std::size_t j = 0;
  const auto exponential = [&](std::size_t i) {
    Batch x = Batch::load_unaligned(s + i);
    if (mask) x += Batch::load_unaligned(mask + i);
    return xsimd::exp(x - Batch(m));
  };
  for (; j + 2 * kWidth <= n; j += 2 * kWidth) {
    const Batch e0 = exponential(j), e1 = exponential(j + kWidth);
    e0.store_unaligned(y + j);
    e1.store_unaligned(y + j + kWidth);
    sum0 += e0;
    sum1 += e1;
  }
  for (; j + kWidth <= n; j += kWidth) {
    const Batch e = exponential(j);
    e.store_unaligned(y + j);
    sum0 += e;
  }
  if (j < n) {
    Batch x = load_part(s + j, n - j, -kInfinity);
    if (mask) x += load_part(mask + j, n - j, 0);
    const Batch e = xsimd::exp(x - Batch(m));
    store_part(e, y + j, n - j);
    sum0 += e;
  }
  // 3. y_j = e_j / sum
  scale_row(1 / xsimd::hadd(sum0 + sum1), y, y, n);
}

void naive_softmax_row(const real* s, real* y, std::size_t n) {
  real sum = 0;
  for (std::size_t j = 0; j < n; ++j) {
    y[j] = std::exp(s[j]);
    sum += y[j];
  }
  for (std::size_t j = 0; j < n; ++j) y[j] /= sum;
}

void softmax_row_backward(const real* y, const real* dy, real* ds, std::size_t n, real beta) {
  const Batch mean(dot_row(y, dy, n));
  std::size_t j = 0;
  for (; j + kWidth <= n; j += kWidth) {
    Batch d = Batch::load_unaligned(y + j) * (Batch::load_unaligned(dy + j) - mean);
    if (beta != 0) d = Batch::load_unaligned(ds + j) + d;
    d.store_unaligned(ds + j);
  }
  for (; j < n; ++j) ds[j] = (beta == 0 ? real{0} : ds[j]) + y[j] * (dy[j] - mean.get(0));
}

real dot_row(const real* x, const real* y, std::size_t n) {
  Batch sum0(0), sum1(0);
  std::size_t j = 0;
  for (; j + 2 * kWidth <= n; j += 2 * kWidth) {
    sum0 = xsimd::fma(Batch::load_unaligned(x + j), Batch::load_unaligned(y + j), sum0);
    sum1 = xsimd::fma(Batch::load_unaligned(x + j + kWidth), Batch::load_unaligned(y + j + kWidth),
                      sum1);
  }
  real sum = xsimd::hadd(sum0 + sum1);
  for (; j < n; ++j) sum += x[j] * y[j];
  return sum;
}

void add_scaled_row(real a, const real* x, real* y, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) y[j] += a * x[j];
}

void scale_row(real a, const real* x, real* y, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) y[j] = a * x[j];
}

void sum_row(real a, const real* x, real beta, real* y, std::size_t n) {
  if (beta == 0) return scale_row(a, x, y, n);
  add_scaled_row(a, x, y, n);
}

void tanh_row(const real* x, const real* shift, real* y, std::size_t n) {
  map_row(x, y, n, [&](Batch b, std::size_t j) {
    if (shift)
      b += j + kWidth <= n ? Batch::load_unaligned(shift + j) : load_part(shift + j, n - j, 0);
    return xsimd::tanh(b);
  });
}

}  // namespace attn
