#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "attn/core/error.h"
#include "attn/core/rng.h"

using namespace attn;

TEST_CASE("philox: the known answers of the paper's authors") {
  // Random123, kat_vectors, philox4x32 with 10 rounds.
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t kOnes = 0xffffffff;
  CHECK(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("rng: is philox at counter (position, stream) under the seed") {
  Rng rng(0x1122334455667788, 0x99aabbccddeeff00);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const auto words = philox({block, 0, 0xddeeff00, 0x99aabbcc}, {0x55667788, 0x11223344});
    for (const std::uint32_t word : words) CHECK(rng.next() == word);
  }
}

TEST_CASE("rng: seed 1 gives these numbers on every platform") {
  // Stored from this code on x86-64, g++ 12; a difference means that a seed no longer repeats a
  // run.
  Rng words(1);
  CHECK(words.next() == 0xe3e80670);
  CHECK(words.next() == 0xe50a0ebc);
  Rng uniform(1);
  CHECK(uniform.uniform() == 0x1.c7d00cf94283ap-1);
  CHECK(uniform.uniform() == 0x1.2be445ad856a8p-1);
  Rng normal(1);
  CHECK(normal.normal() == 0x1.d99b86f3834b9p-1);
  CHECK(normal.normal() == 0x1.049a85d64094ap+1);
  CHECK(normal.normal() == -0x1.f7920052cc0dap-1);
  Rng below(1);
  CHECK(below.below(10) == 8);
  CHECK(below.below(1000) == 585);
  CHECK(below.below(1ull << 63) == 6198090042144122463u);
  Rng named = Rng(1).stream("layer.0.w_q");
  CHECK(named.next() == 0x2d3d2fe3);
  std::vector<int> items(8);
  std::iota(items.begin(), items.end(), 0);
  Rng(1).shuffle(std::span(items));
  CHECK(items == std::vector<int>{3, 1, 5, 0, 2, 6, 4, 7});
}

TEST_CASE("rng: a named stream does not depend on what was drawn before") {
  Rng a(7), b(7);
  for (int i = 0; i < 5; ++i) a.normal();
  Rng of_a = a.stream("w_q"), of_b = b.stream("w_q"), other = b.stream("w_k");
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const std::uint32_t word = of_a.next();
    CHECK(word == of_b.next());
    differs |= word != other.next();
  }
  CHECK(differs);
}

TEST_CASE("rng: streams of streams, seeds and names give different numbers") {
  const Rng root(1);
  std::vector<std::uint32_t> first;
  for (Rng rng :
       {root, root.stream(""), root.stream("a"), root.stream("b"), root.stream("ab"),
        root.stream("a").stream("b"), root.stream("b").stream("a"), Rng(2), Rng(2).stream("a")}) {
    first.push_back(rng.next());
  }
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(first[i] != first[j]);
  }
}

TEST_CASE("rng: seek goes on from a saved position") {
  Rng rng(3);
  for (int i = 0; i < 7; ++i) rng.next();
  rng.normal();
  const std::uint64_t saved = rng.position();
  std::vector<double> expected;
  for (int i = 0; i < 10; ++i) expected.push_back(rng.normal());
  Rng again(3);
  again.seek(saved);
  for (const double value : expected) CHECK(again.normal() == value);
  again.seek(0);
  CHECK(again.next() == Rng(3).next());
  rng.seek(2);
  Rng third(3);
  third.next();
  third.next();
  CHECK(rng.next() == third.next());
}

TEST_CASE("rng: uniform lies in [0, 1) with mean 1/2 and variance 1/12") {
  Rng rng(4);
  constexpr int kCount = 200000;
  double sum = 0, squares = 0, least = 1, most = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = rng.uniform();
    sum += u;
    squares += u * u;
    least = std::min(least, u);
    most = std::max(most, u);
  }
  const double mean = sum / kCount;
  CHECK(least >= 0);
  CHECK(most < 1);
  CHECK(std::abs(mean - 0.5) < 4 * std::sqrt(1.0 / 12 / kCount));
  CHECK(std::abs(squares / kCount - mean * mean - 1.0 / 12) < 0.001);
}

TEST_CASE("rng: normal has the moments 0, 1, 0, 3 and the tails of a normal distribution") {
  Rng rng(5);
  constexpr int kCount = 400000;
  double moment[5] = {}, beyond_two = 0, beyond_four = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = rng.normal();
    for (int p = 1; p <= 4; ++p) moment[p] += std::pow(x, p) / kCount;
    beyond_two += std::abs(x) > 2 ? 1.0 / kCount : 0;
    beyond_four += std::abs(x) > 4 ? 1 : 0;
  }
  CHECK(std::abs(moment[1]) < 4 / std::sqrt(double{kCount}));
  CHECK(std::abs(moment[2] - 1) < 4 * std::sqrt(2.0 / kCount));
  CHECK(std::abs(moment[3]) < 4 * std::sqrt(15.0 / kCount));
  CHECK(std::abs(moment[4] - 3) < 4 * std::sqrt(96.0 / kCount));
  CHECK(std::abs(beyond_two - 0.0455) < 4 * std::sqrt(0.0455 / kCount));
  CHECK(beyond_four > 5);  // 25 expected
  CHECK(beyond_four < 60);
}

TEST_CASE("rng: normal(shape, deviation) fills in memory order") {
  Rng one(6), two(6);
  const Array a = one.normal({3, 4}, 0.5);
  for (const real value : a) CHECK(value == static_cast<real>(two.normal() * 0.5));
}

TEST_CASE("rng: below(n) is below n and without bias") {
  Rng rng(7);
  for (const std::uint64_t n : {1ull, 2ull, 3ull, 10ull, 1000000007ull, ~0ull}) {
    for (int i = 0; i < 200; ++i) CHECK(rng.below(n) < n);
  }
  CHECK(rng.below(1) == 0);
  CHECK_THROWS_AS(rng.below(0), Error);

  constexpr int kCount = 70000;
  double counts[7] = {}, chi_square = 0;
  for (int i = 0; i < kCount; ++i) ++counts[rng.below(7)];
  for (const double count : counts) {
    chi_square += (count - kCount / 7.0) * (count - kCount / 7.0) / (kCount / 7.0);
  }
  CHECK(chi_square < 22.5);  // 6 degrees of freedom: exceeded once in 1000 seeds

  // 3/4 of the range: taking words modulo n would make the lower third twice as likely.
  const std::uint64_t n = 3ull << 62;
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += rng.below(n) < (1ull << 62);
  CHECK(std::abs(low - 10000) < 4 * std::sqrt(30000 * 2.0 / 9));
}

TEST_CASE("rng: shuffle keeps the items and reaches every order equally often") {
  Rng rng(8);
  int counts[27] = {};
  constexpr int kCount = 6000;
  for (int i = 0; i < kCount; ++i) {
    int items[] = {0, 1, 2};
    rng.shuffle(std::span<int>(items));
    ++counts[items[0] * 9 + items[1] * 3 + items[2]];
  }
  int orders = 0, total = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++orders;
    total += count;
    CHECK(std::abs(count - kCount / 6.0) < 4 * std::sqrt(kCount * 5.0 / 36));
  }
  CHECK(orders == 6);
  CHECK(total == kCount);
}
