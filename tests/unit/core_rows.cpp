// Row kernels against the formula in double, on every length around the width of a register.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "attn/core/rng.h"
#include "attn/core/rows.h"

using namespace attn;

namespace {

constexpr real kInfinity = std::numeric_limits<real>::infinity();
constexpr real kNaN = std::numeric_limits<real>::quiet_NaN();
constexpr real kGuard = 12345;  // stands behind every row: a kernel must not write there

std::vector<std::size_t> lengths() {
  std::vector<std::size_t> out;
  for (std::size_t n = 1; n <= 70; ++n) out.push_back(n);
  out.push_back(1024);
  return out;
}

std::vector<real> random_row(Rng& rng, std::size_t n, double deviation = 1) {
  std::vector<real> out(n + 1, kGuard);
  for (std::size_t j = 0; j < n; ++j) out[j] = static_cast<real>(rng.normal() * deviation);
  return out;
}

std::vector<double> exact_softmax(const real* s, const real* mask, std::size_t n) {
  std::vector<double> y(n);
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t j = 0; j < n; ++j) {
    y[j] = s[j] + (mask ? double{mask[j]} : 0.0);
    largest = std::max(largest, y[j]);
  }
  for (double& x : y) sum += x = std::exp(x - largest);
  for (double& x : y) x /= sum;
  return y;
}

std::vector<real> softmax_of(std::vector<real> s, const real* mask = nullptr) {
  std::vector<real> y(s.size());
  softmax_row(s.data(), mask, y.data(), s.size());
  return y;
}

bool all_nan(const std::vector<real>& y) {
  for (const real x : y) {
    if (!std::isnan(x)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("softmax_row: agrees with exp in double at every length") {
  Rng rng(1);
  for (const std::size_t n : lengths()) {
    for (const double deviation : {0.1, 3.0, 30.0}) {
      const auto s = random_row(rng, n, deviation), mask = random_row(rng, n);
      for (const real* m : {static_cast<const real*>(nullptr), mask.data()}) {
        std::vector<real> y(n + 1, kGuard);
        softmax_row(s.data(), m, y.data(), n);
        const auto exact = exact_softmax(s.data(), m, n);
        for (std::size_t j = 0; j < n; ++j) {
          // A score is rounded once with its mask and once less the largest: both go into exp.
          const double relative = 1e-6 + 1e-6 * deviation;
          CHECK(std::abs(y[j] - exact[j]) <= relative * exact[j] + 1e-37);
        }
        CHECK(y[n] == kGuard);
      }
    }
  }
}

TEST_CASE("softmax_row: may write over its input") {
  Rng rng(2);
  for (const std::size_t n : lengths()) {
    auto s = random_row(rng, n), y = s;
    softmax_row(s.data(), nullptr, y.data(), n);
    softmax_row(s.data(), nullptr, s.data(), n);
    CHECK(s == y);
  }
}

TEST_CASE("softmax_row: a masked number is exactly 0, wherever it stands") {
  Rng rng(3);
  for (const std::size_t n : lengths()) {
    const auto s = random_row(rng, n);
    std::vector<real> mask(n, 0);
    for (std::size_t j = 0; j < n; j += 1 + rng.below(3)) mask[j] = -kInfinity;
    mask[rng.below(n)] = 0;
    std::vector<real> y(n);
    softmax_row(s.data(), mask.data(), y.data(), n);
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) {
      if (mask[j] != 0) CHECK(y[j] == 0);
      sum += y[j];
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("softmax_row: a row of -inf is all 0, by scores or by mask") {
  for (const std::size_t n : lengths()) {
    const std::vector<real> nothing(n, -kInfinity), zero(n, 0);
    CHECK(softmax_of(nothing) == zero);
    CHECK(softmax_of(zero, nothing.data()) == zero);
    CHECK(softmax_of(nothing, nothing.data()) == zero);
  }
}

TEST_CASE("softmax_row: one NaN or +inf makes the whole row NaN, wherever it stands") {
  Rng rng(4);
  for (const std::size_t n : lengths()) {
    for (const real broken : {kNaN, kInfinity}) {
      const std::size_t place = rng.below(n);
      auto s = random_row(rng, n);
      s.resize(n);
      s[place] = broken;
      CHECK(all_nan(softmax_of(s)));
      std::vector<real> masked(n, -kInfinity);
      masked[place] = broken;
      CHECK(all_nan(softmax_of(masked)));
      const std::vector<real> mask(n, 0);
      CHECK(all_nan(softmax_of(s, mask.data())));
    }
  }
}

TEST_CASE("softmax_row: equal numbers share equally, however large") {
  for (const std::size_t n : lengths()) {
    for (const double value : {0.0, -0.0, 1e4, -1e4, 1e-40, 1e38, -1e38}) {
      for (const real y : softmax_of(std::vector<real>(n, static_cast<real>(value)))) {
        CHECK(y == doctest::Approx(1.0 / n).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("softmax_row: 1e4, 1e38 beside 1e-38, subnormals") {
  const auto near = softmax_of({10000, 9999, 9998});
  const auto exact = exact_softmax(std::vector<real>{10000, 9999, 9998}.data(), nullptr, 3);
  for (std::size_t j = 0; j < 3; ++j) CHECK(near[j] == doctest::Approx(exact[j]).epsilon(1e-5));
  const real large = static_cast<real>(1e38), small = static_cast<real>(1e-38);
  CHECK(softmax_of({large, small, -large}) == std::vector<real>{1, 0, 0});
  CHECK(softmax_of({-large, small}) == std::vector<real>{0, 1});
  const real subnormal = std::numeric_limits<real>::denorm_min();
  CHECK(softmax_of({subnormal, 0, -subnormal, -real{0}}) ==
        std::vector<real>{0.25, 0.25, 0.25, 0.25});
  CHECK(softmax_of({7}) == std::vector<real>{1});
}

TEST_CASE("naive_softmax_row: agrees where exp does not overflow, and overflows where it does") {
  Rng rng(5);
  for (const std::size_t n : lengths()) {
    const auto s = random_row(rng, n);
    std::vector<real> y(n);
    naive_softmax_row(s.data(), y.data(), n);
    const auto exact = exact_softmax(s.data(), nullptr, n);
    for (std::size_t j = 0; j < n; ++j) CHECK(y[j] == doctest::Approx(exact[j]).epsilon(1e-5));
  }
  const real large[] = {10000, 9999};
  real y[2];
  naive_softmax_row(large, y, 2);
  CHECK(std::isnan(y[0]));
}

TEST_CASE("softmax_row_backward: adds y (dy - <dy, y>) at every length") {
  Rng rng(6);
  for (const std::size_t n : lengths()) {
    const auto y = softmax_of(random_row(rng, n)), dy = random_row(rng, n),
               before = random_row(rng, n);
    auto ds = before;
    softmax_row_backward(y.data(), dy.data(), ds.data(), n);
    double inner = 0;
    for (std::size_t j = 0; j < n; ++j) inner += double{y[j]} * dy[j];
    for (std::size_t j = 0; j < n; ++j) {
      CHECK(std::abs(ds[j] - (before[j] + y[j] * (dy[j] - inner))) < 1e-5);
    }
    CHECK(ds[n] == kGuard);
  }
}

TEST_CASE("dot_row: the sum of products at every length; nothing of an empty row") {
  Rng rng(7);
  for (const std::size_t n : lengths()) {
    const auto x = random_row(rng, n), y = random_row(rng, n);
    double exact = 0, size = 0;
    for (std::size_t j = 0; j < n; ++j) {
      exact += double{x[j]} * y[j];
      size += std::abs(double{x[j]} * y[j]);
    }
    CHECK(std::abs(dot_row(x.data(), y.data(), n) - exact) <= 1e-6 * size);
  }
  CHECK(dot_row(nullptr, nullptr, 0) == 0);
}

TEST_CASE("add_scaled_row and scale_row: every number, and no other") {
  Rng rng(8);
  for (const std::size_t n : lengths()) {
    const auto x = random_row(rng, n), before = random_row(rng, n);
    auto y = before;
    add_scaled_row(real(0.3), x.data(), y.data(), n);
    std::vector<real> z(n + 1, kGuard);
    scale_row(real(0.3), x.data(), z.data(), n);
    for (std::size_t j = 0; j < n; ++j) {
      CHECK(y[j] == doctest::Approx(before[j] + 0.3 * x[j]).epsilon(1e-5));
      CHECK(z[j] == real(0.3) * x[j]);
    }
    CHECK(y[n] == kGuard);
    CHECK(z[n] == kGuard);
  }
}

TEST_CASE("tanh_row: agrees with tanh in double at every length, with and without shift") {
  Rng rng(9);
  for (const std::size_t n : lengths()) {
    const auto x = random_row(rng, n, 3), shift = random_row(rng, n);
    for (const real* s : {static_cast<const real*>(nullptr), shift.data()}) {
      std::vector<real> y(n + 1, kGuard);
      tanh_row(x.data(), s, y.data(), n);
      for (std::size_t j = 0; j < n; ++j) {
        const double exact = std::tanh(double{x[j]} + (s ? double{s[j]} : 0.0));
        CHECK(std::abs(y[j] - exact) < 1e-6);
      }
      CHECK(y[n] == kGuard);
    }
  }
}

TEST_CASE("tanh_row: large numbers, infinities, NaN and tiny numbers") {
  const real tiny = static_cast<real>(1e-20);
  const real x[] = {1000, -1000, kInfinity, -kInfinity, kNaN, tiny, 0};
  real y[7];
  tanh_row(x, nullptr, y, 7);
  CHECK(y[0] == 1);
  CHECK(y[1] == -1);
  CHECK(y[2] == 1);
  CHECK(y[3] == -1);
  CHECK(std::isnan(y[4]));
  CHECK(y[5] == doctest::Approx(1e-20).epsilon(1e-6).scale(1e-20));
  CHECK(y[6] == 0);
}

TEST_CASE("rows: a number's result does not depend on its place in the row") {
  Rng rng(10);
  const real x = static_cast<real>(rng.normal());
  const std::vector<real> same(70, x);
  std::vector<real> y(70);
  tanh_row(same.data(), nullptr, y.data(), 70);
  for (const real value : y) CHECK(value == y[0]);
}
