#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "attn/core/gemm.h"
#include "attn/core/rng.h"

using namespace attn;

namespace {

std::vector<real> random_numbers(Rng& rng, std::size_t n) {
  std::vector<real> out(n);
  for (real& x : out) x = static_cast<real>(rng.normal());
  return out;
}

/// How many numbers an operand of `height` stored rows takes.
std::size_t size_of(std::size_t height, std::size_t step) { return height * step; }

/// Largest difference between gemm and naive_gemm on random numbers. C lies in a wider buffer if
/// row_c says so; what is between its rows must stay untouched.
double difference(Product p, Rng& rng) {
  const bool plain_a = p.a == Stored::plain, plain_b = p.b == Stored::plain;
  const std::size_t step_a = p.row_a ? p.row_a : (plain_a ? p.k : p.m);
  const std::size_t step_b = p.row_b ? p.row_b : (plain_b ? p.n : p.k);
  const std::size_t step_c = p.row_c ? p.row_c : p.n;
  const auto a = random_numbers(rng, size_of(plain_a ? p.m : p.k, step_a));
  const auto b = random_numbers(rng, size_of(plain_b ? p.k : p.n, step_b));
  auto c = random_numbers(rng, size_of(p.m, step_c)), expected = c;
  gemm(p, a.data(), b.data(), c.data());
  naive_gemm(p, a.data(), b.data(), expected.data());
  double worst = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const bool between = i % step_c >= p.n;
    worst = std::max(worst, std::abs(double{c[i]} - expected[i]) * (between ? 1e9 : 1));
  }
  return worst;
}

constexpr Stored kBoth[] = {Stored::plain, Stored::transposed};

}  // namespace

TEST_CASE("naive_gemm: a product by hand") {
  const real a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 2, 0, 1, 3};  // (2,3); (2,3)
  real c[4] = {100, 100, 100, 100};
  naive_gemm({.m = 2, .n = 2, .k = 3, .b = Stored::transposed, .alpha = 2, .beta = 1}, a, b, c);
  CHECK(c[0] == 100 + 2 * (1 + 6));
  CHECK(c[1] == 100 + 2 * (2 + 9));
  CHECK(c[2] == 100 + 2 * (4 + 12));
  CHECK(c[3] == 100 + 2 * (5 + 18));
}

TEST_CASE("gemm: equals the naive product for every way to store the operands") {
  Rng rng(1);
  for (const Stored a : kBoth) {
    for (const Stored b : kBoth) {
      for (int i = 0; i < 40; ++i) {
        Product p{
            .m = 1 + rng.below(40), .n = 1 + rng.below(40), .k = 1 + rng.below(40), .a = a, .b = b};
        p.alpha = i % 3 == 0 ? real{1} : static_cast<real>(rng.normal());
        p.beta = i % 3 == 1 ? real{1} : i % 3 == 2 ? static_cast<real>(rng.normal()) : real{0};
        INFO(p.m << " x " << p.k << " x " << p.n);
        CHECK(difference(p, rng) < 5e-5);
      }
    }
  }
}

TEST_CASE("gemm: rows with a gap between them, as the columns of one head") {
  Rng rng(2);
  for (const Stored a : kBoth) {
    for (const Stored b : kBoth) {
      Product p{.m = 7, .n = 5, .k = 6, .a = a, .b = b, .beta = 1};
      p.row_a = 11;
      p.row_b = 13;
      p.row_c = 9;
      CHECK(difference(p, rng) < 1e-5);
    }
  }
}

TEST_CASE("gemm: a single row, a single column, a single number") {
  Rng rng(3);
  for (const Stored a : kBoth) {
    for (const Stored b : kBoth) {
      for (const auto& [m, n, k] :
           {std::tuple{1, 33, 70}, {33, 1, 70}, {33, 70, 1}, {1, 1, 70}, {1, 1, 1}}) {
        CHECK(difference(
                  {.m = std::size_t(m), .n = std::size_t(n), .k = std::size_t(k), .a = a, .b = b},
                  rng) < 5e-5);
      }
    }
  }
}

TEST_CASE("gemm: an empty sum is zero, or beta C") {
  std::vector<real> c{1, 2, 3, 4};
  gemm({.m = 2, .n = 2, .k = 0, .beta = 3}, nullptr, nullptr, c.data());
  CHECK(c == std::vector<real>{3, 6, 9, 12});
  c[0] = std::numeric_limits<real>::quiet_NaN();
  gemm({.m = 2, .n = 2, .k = 0}, nullptr, nullptr, c.data());
  CHECK(c == std::vector<real>{0, 0, 0, 0});
  gemm({.m = 0, .n = 2, .k = 2}, nullptr, nullptr, nullptr);
  gemm({.m = 2, .n = 0, .k = 2}, nullptr, nullptr, nullptr);
}

TEST_CASE("gemm: with beta 0, what C held before does not matter") {
  Rng rng(4);
  for (const std::size_t n : {1, 3, 16, 17, 64, 130}) {
    const auto a = random_numbers(rng, n * n), b = random_numbers(rng, n * n);
    std::vector<real> c(n * n, std::numeric_limits<real>::quiet_NaN()), expected(n * n, 0);
    gemm({.m = n, .n = n, .k = n}, a.data(), b.data(), c.data());
    gemm({.m = n, .n = n, .k = n}, a.data(), b.data(), expected.data());
    CHECK(std::memcmp(c.data(), expected.data(), n * n * sizeof(real)) == 0);
  }
}

TEST_CASE("gemm: part of a matrix times its whole transpose is not square") {
  // xt::linalg::dot gives 2x2 here: both operands begin at the same address.
  const Array x = matrix({{1, 0}, {0, 1}, {1, 1}});
  Array s = full({2, 3}, -1);
  gemm({.m = 2, .n = 3, .k = 2, .b = Stored::transposed}, x.data(), x.data(), s.data());
  CHECK(largest_difference(s, matrix({{1, 0, 1}, {0, 1, 1}})) == 0);
}

TEST_CASE("gemm: a large product, where OpenBLAS blocks") {
  Rng rng(5);
  CHECK(difference({.m = 150, .n = 210, .k = 520}, rng) < 3e-4);
}

TEST_CASE("gemm_batched: equals one product after the other; one operand may be shared") {
  Rng rng(6);
  const std::size_t batch = 5, m = 6, n = 7, k = 4;
  const auto a = random_numbers(rng, batch * m * k), b = random_numbers(rng, batch * k * n);
  for (const std::size_t step_b : {k * n, std::size_t{0}}) {
    std::vector<real> c(batch * m * n), expected(batch * m * n);
    gemm_batched({.m = m, .n = n, .k = k}, batch, a.data(), m * k, b.data(), step_b, c.data(),
                 m * n);
    for (std::size_t i = 0; i < batch; ++i) {
      gemm({.m = m, .n = n, .k = k}, a.data() + i * m * k, b.data() + i * step_b,
           expected.data() + i * m * n);
    }
    CHECK(c == expected);
  }
}

TEST_CASE("gemm_batched: one and two threads give the same bits") {
  Rng rng(7);
  const std::size_t batch = 12, m = 128, n = 128, k = 64;
  const auto a = random_numbers(rng, batch * m * k), b = random_numbers(rng, batch * k * n);
  std::vector<real> one(batch * m * n), two(batch * m * n);
  const Product p{.m = m, .n = n, .k = k, .b = Stored::transposed, .alpha = real(0.125)};
  gemm_batched(p, batch, a.data(), m * k, b.data(), k * n, one.data(), m * n);
  set_threads(2);
  gemm_batched(p, batch, a.data(), m * k, b.data(), k * n, two.data(), m * n);
  set_threads(1);
  CHECK(std::memcmp(one.data(), two.data(), one.size() * sizeof(real)) == 0);
}

TEST_CASE("threads: at least one, and what was set") {
  set_threads(0);
  CHECK(threads() == 1);
  set_threads(-3);
  CHECK(threads() == 1);
  set_threads(2);
  CHECK(threads() == 2);
  set_threads(1);
  CHECK(available_processors() >= 1);
}

TEST_CASE("describe_blas: is OpenBLAS, and says how it threads") {
  const BlasDescription blas = describe_blas();
  CHECK(blas.configuration.find("OpenBLAS") != std::string::npos);
  CHECK_FALSE(blas.kernel.empty());
  CHECK_FALSE(blas.threading.empty());
}
