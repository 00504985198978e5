// Other ways than softmax to turn scores into weights: sparsemax, hardmax, drawing.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "attn/core/error.h"
#include "attn/ops/ops.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

/// The nearest point of the simplex by trying every support.
std::vector<double> project(const std::vector<double>& s) {
  std::vector<double> best;
  double best_distance = std::numeric_limits<double>::infinity();
  for (unsigned support = 1; support < 1u << s.size(); ++support) {
    double sum = 0, size = 0;
    for (std::size_t j = 0; j < s.size(); ++j) {
      if (!(support >> j & 1)) continue;
      sum += s[j];
      size += 1;
    }
    std::vector<double> p(s.size());
    double distance = 0;
    bool inside = true;
    for (std::size_t j = 0; j < s.size(); ++j) {
      if (support >> j & 1) p[j] = s[j] - (sum - 1) / size;
      inside = inside && p[j] >= 0;
      distance += (p[j] - s[j]) * (p[j] - s[j]);
    }
    if (inside && distance < best_distance) {
      best_distance = distance;
      best = p;
    }
  }
  return best;
}

double sum_of(std::span<const real> x) { return std::accumulate(x.begin(), x.end(), 0.0); }

}  // namespace

TEST_CASE("sparsemax: is the nearest point of the simplex") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const std::size_t n = 1 + rng.below(7);
    const Tensor s(rng.normal({3, n}, 0.7));
    const Tensor y = sparsemax(Run{}, s);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto scores = row(s.value(), i), result = row(y.value(), i);
      const std::vector<double> expected = project({scores.begin(), scores.end()});
      for (std::size_t j = 0; j < n; ++j) {
        CHECK(std::abs(result[j] - expected[j]) < 1e-6);
        CHECK(result[j] >= 0);
      }
      CHECK(std::abs(sum_of(result) - 1) < 1e-6);
    }
  }
}

TEST_CASE("sparsemax: large, equal and masked scores") {
  const auto of = [](std::initializer_list<real> s) {
    return sparsemax(Run{}, Tensor(matrix({s}))).value();
  };
  const real large = static_cast<real>(1e38);
  CHECK(largest_difference(of({large, static_cast<real>(1e-38)}), matrix({{1, 0}})) == 0);
  CHECK(largest_difference(of({large, large}), matrix({{0.5, 0.5}})) == 0);
  CHECK(largest_difference(of({10000, 10000.5}), matrix({{0.25, 0.75}})) == 0);
  CHECK(largest_difference(of({-kInfinity, 3}), matrix({{0, 1}})) == 0);
  CHECK(largest_difference(of({-kInfinity, -kInfinity}), matrix({{0, 0}})) == 0);
  CHECK(largest_difference(of({kInfinity, 0}), matrix({{kNaN, kNaN}})) == 0);
  CHECK(largest_difference(of({0, kNaN}), matrix({{kNaN, kNaN}})) == 0);
}

TEST_CASE("hardmax: 1 at the first largest of each row") {
  const Tensor s(matrix({{1, 3, 2}, {5, 5, 5}, {-kInfinity, -3, -2}}));
  CHECK(largest_difference(hardmax(Run{}, s).value(), matrix({{0, 1, 0}, {1, 0, 0}, {0, 0, 1}})) ==
        0);
}

TEST_CASE("hardmax: a row with nothing to look at gives zeros, a broken row stays broken") {
  const Tensor s(matrix({{-kInfinity, -kInfinity}, {1, kNaN}}));
  CHECK(largest_difference(hardmax(Run{}, s).value(), matrix({{0, 0}, {kNaN, kNaN}})) == 0);
}

TEST_CASE("hardmax: is the limit of softmax for large scores") {
  Rng rng(3);
  const Tensor s(rng.normal({5, 7}, 1));
  CHECK(largest_difference(hardmax(Run{}, s).value(),
                           softmax(Run{}, scale(Run{}, s, 1e6)).value()) < 1e-3);
}

TEST_CASE("sample_rows: draws each place as often as its probability says") {
  constexpr std::size_t kDraws = 40000;
  const real p[] = {real(0.1), real(0.2), 0, real(0.3), real(0.4)};
  Array probabilities = empty({kDraws, 5});
  for (std::size_t i = 0; i < kDraws; ++i) std::copy(p, p + 5, row(probabilities, i).begin());
  Rng rng(4);
  const Tensor y = sample_rows(Run{.rng = &rng}, Tensor(std::move(probabilities)));
  double counts[5] = {};
  for (std::size_t i = 0; i < kDraws; ++i) {
    CHECK_MESSAGE(sum_of(row(y.value(), i)) == 1, "one place per row");
    for (std::size_t j = 0; j < 5; ++j) counts[j] += row(y.value(), i)[j];
  }
  CHECK(counts[2] == 0);
  for (std::size_t j = 0; j < 5; ++j) {
    const double deviation = std::sqrt(kDraws * double{p[j]} * (1 - double{p[j]}));
    CHECK(std::abs(counts[j] - kDraws * double{p[j]}) <= 4 * deviation);
  }
}

TEST_CASE(
    "sample_rows: a seed gives the same places; no generator is a mistake; nothing gives none") {
  Rng numbers(5), one(6), two(6);
  const Tensor p = softmax(Run{}, Tensor(numbers.normal({20, 9}, 1)));
  CHECK(largest_difference(sample_rows(Run{.rng = &one}, p).value(),
                           sample_rows(Run{.rng = &two}, p).value()) == 0);
  CHECK_THROWS_AS(sample_rows(Run{}, p), Error);
  CHECK(largest_difference(sample_rows(Run{.rng = &one}, Tensor(zeros({2, 3}))).value(),
                           zeros({2, 3})) == 0);
}
