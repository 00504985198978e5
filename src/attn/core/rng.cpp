#include "attn/core/rng.h"

#include <cmath>

#include "attn/core/error.h"
#include "attn/core/hash.h"

// This file is compiled without contraction of a*b+c (CMakeLists.txt), so that every platform
// rounds alike.
namespace attn {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c,
                                    std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

namespace {

constexpr double kReciprocals[] = {1.0,      1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11,
                                   1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23};

/// Natural logarithm from + - * / alone: x = m 2^e with m in [sqrt(1/2), sqrt(2)), and
/// ln m = 2 artanh((m-1)/(m+1)) by its series. Error below 1e-15.
double portable_log(double x) {
  int e = 0;
  double m = std::frexp(x, &e);
  if (m < 0.70710678118654752) {
    m *= 2;
    --e;
  }
  const double t = (m - 1) / (m + 1), t2 = t * t;
  // t^2 <= 0.0295, so twelve terms reach the last bit.
  double sum = 0;
  for (int n = 23; n > 0; n -= 2) sum = sum * t2 + kReciprocals[n / 2];
  return 2 * t * sum + e * 0.693147180559945309417;
}

}  // namespace

Rng Rng::stream(std::string_view name) const {
  return Rng(seed_, fnv1a(name, kFnvBasis ^ stream_));
}

std::uint32_t Rng::next() {
  const std::uint64_t index = position_ / 4;
  if (index != block_index_) {
    block_ =
        philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
               {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
    block_index_ = index;
  }
  return block_[position_++ % 4];
}

double Rng::uniform() {
  const std::uint64_t high = next() >> 5, low = next() >> 6;  // 27 and 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

double Rng::normal() {
  while (true) {
    const double u = 2 * uniform() - 1, v = 2 * uniform() - 1;
    const double s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * portable_log(s) / s);
  }
}

std::uint64_t Rng::below(std::uint64_t n) {
  if (n == 0)
    throw Error(ErrorKind::usage, "Rng::below(0): no number is below 0",
                "ask for a number below 1 or more");
  const std::uint64_t threshold =
      (0 - n) % n;  // the words below it would make some results likelier
  while (true) {
    const std::uint64_t high = next(),
                        low = next();  // one after the other: order is part of the answer
    const std::uint64_t word = (high << 32) | low;
    const unsigned __int128 product = static_cast<unsigned __int128>(word) * n;
    if (static_cast<std::uint64_t>(product) >= threshold) {
      return static_cast<std::uint64_t>(product >> 64);
    }
  }
}

Array Rng::normal(const Shape& shape, double deviation) {
  Array out = empty(shape);
  for (real& value : out) value = static_cast<real>(normal() * deviation);
  return out;
}

}  // namespace attn
