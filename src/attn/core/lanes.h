#pragma once
// A row in SIMD registers: whole registers first, then the rest through the same code, so that a
// number does not depend on its place in the row. Only for kernels (.cpp files).
#include <algorithm>
#include <xsimd/xsimd.hpp>

#include "attn/core/array.h"

namespace attn {

using Batch = xsimd::batch<real>;
inline constexpr std::size_t kWidth = Batch::size;

/// A whole register's numbers at `at`.
struct WholeLanes {
  std::size_t at;
  Batch load(const real* row) const { return Batch::load_unaligned(row + at); }
  void store(Batch b, real* row) const { b.store_unaligned(row + at); }
  /// b, with 0 in the lanes beyond the row: for sums of what is not 0 there.
  Batch inside(Batch b) const { return b; }
};

/// The last `left` (< kWidth) numbers of a row; the other lanes hold 0 and are not stored.
struct LastLanes {
  std::size_t at, left;
  Batch load(const real* row) const {
    alignas(64) real lanes[kWidth] = {};
    std::copy_n(row + at, left, lanes);
    return Batch::load_aligned(lanes);
  }
  void store(Batch b, real* row) const {
    alignas(64) real lanes[kWidth];
    b.store_aligned(lanes);
    std::copy_n(lanes, left, row + at);
  }
  Batch inside(Batch b) const {
    alignas(64) real lanes[kWidth];
    b.store_aligned(lanes);
    std::fill(lanes + left, lanes + kWidth, real{0});
    return Batch::load_aligned(lanes);
  }
};

/// Calls f(lanes) for every register of a row of n numbers.
template <class F>
void for_lanes(std::size_t n, F f) {
  std::size_t at = 0;
  for (; at + kWidth <= n; at += kWidth) f(WholeLanes{at});
  if (at < n) f(LastLanes{at, n - at});
}

inline Batch sigmoid(Batch x) { return Batch(1) / (Batch(1) + xsimd::exp(-x)); }

}  // namespace attn
