#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "attn/core/array.h"

namespace attn {

/// Philox4x32-10: the block of four 32-bit words at `counter` under `key`.
/// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

/// Random numbers that are a pure function of (seed, stream, position): the same on every platform.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// A generator of its own for a named purpose, independent of how many numbers this one gave.
  /// So a parameter's numbers depend on the seed and its name, not on what was drawn before it.
  Rng stream(std::string_view name) const;

  std::uint32_t next();
  /// Uniform in [0, 1) with 53 random bits.
  double uniform();
  /// Standard normal (Marsaglia's polar method, with our own logarithm: no libm differences).
  double normal();
  /// Uniform in 0 .. n-1, without bias (Lemire 2019). n = 0 throws Error.
  std::uint64_t below(std::uint64_t n);

  /// A new array of normal numbers with this standard deviation.
  Array normal(const Shape& shape, double deviation);

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  /// How many 32-bit words were drawn, for saving; seek() goes on from there.
  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

 private:
  std::uint64_t seed_, stream_, position_ = 0;
  std::array<std::uint32_t, 4> block_{};
  std::uint64_t block_index_ = ~0ull;  // which block block_ holds
};

}  // namespace attn
