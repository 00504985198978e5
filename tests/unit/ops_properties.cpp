// What must hold for any numbers, on random shapes down to one token and one column.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "attn/core/gemm.h"
#include "attn/graph/tape.h"
#include "attn/graph/trace.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

bool same_bits(std::span<const real> a, std::span<const real> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Calls f with a generator and a source of sizes; the first cases have sizes 1 and 2.
void repeat(const std::function<void(Rng&, const std::function<std::size_t()>&)>& f) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    Rng rng(seed), sizes(seed, 1);
    f(rng, [&] { return seed < 2 ? seed + 1 : 1 + sizes.below(20); });
  }
}

}  // namespace

TEST_CASE("softmax: rows sum to 1") {
  repeat([](Rng& rng, const auto& size) {
    const Tensor y = softmax(Run{}, Tensor(rng.normal({size(), size(), 3 * size()}, 5)));
    for (std::size_t i = 0; i < rows(y.value()); ++i) {
      const auto r = row(y.value(), i);
      CHECK(std::accumulate(r.begin(), r.end(), 0.0) == doctest::Approx(1).epsilon(1e-6));
      CHECK(*std::min_element(r.begin(), r.end()) >= 0);
    }
  });
}

TEST_CASE("softmax: adding a number to every score of a row changes nothing") {
  repeat([](Rng& rng, const auto& size) {
    const Shape shape{size(), size()};
    const Tensor s(rng.normal(shape, 1)), c(full(shape, 3));
    CHECK(largest_difference(softmax(Run{}, s).value(), softmax(Run{}, add(Run{}, s, c)).value()) <
          1e-6);
  });
}

TEST_CASE("softmax: masking before equals renormalizing after") {
  repeat([](Rng& rng, const auto& size) {
    const std::size_t n = size(), k = size();
    const Tensor s(rng.normal({size(), n, k}, 1));
    Array keep = empty({n, k}), mask = empty({n, k});
    for (std::size_t i = 0; i < keep.size(); ++i) {
      keep.data()[i] = static_cast<real>(rng.below(2));
      mask.data()[i] = keep.data()[i] == 1 ? 0 : -kInfinity;
    }
    const Tensor before = softmax(Run{}, s, Tensor(mask));
    const Tensor after = renormalize(Run{}, softmax(Run{}, s), Tensor(keep));
    CHECK(largest_difference(before.value(), after.value()) < 1e-6);
  });
}

TEST_CASE("softmax: a fully masked row gives zeros, forward and backward") {
  repeat([](Rng& rng, const auto& size) {
    const Shape shape{2, size()};
    const Tensor s = normal(rng, shape);
    Array mask = zeros(shape);
    for (real& x : row(mask, 0)) x = -kInfinity;
    Tape tape;
    const Tensor y = softmax(Run{.tape = &tape}, s, Tensor(mask));
    tape.backward(y, rng.normal(shape, 1));
    for (std::size_t j = 0; j < shape[1]; ++j) {
      CHECK(y.value()(0, j) == 0);
      CHECK(s.grad()(0, j) == 0);
      CHECK(std::isfinite(s.grad()(1, j)));
    }
  });
}

TEST_CASE("heads: split then merge is the identity") {
  repeat([](Rng& rng, const auto& size) {
    const std::size_t heads = size();
    const Tensor x(rng.normal({size(), size(), heads * size()}, 1));
    const Tensor y = merge_heads(Run{}, split_heads(Run{}, x, heads));
    CHECK(y.shape() == x.shape());
    CHECK(largest_difference(y.value(), x.value()) == 0);
  });
}

TEST_CASE("layout: transposing twice, and cutting and joining, are the identity") {
  repeat([](Rng& rng, const auto& size) {
    const std::size_t m = size(), n = size(), i = rng.below(m + 1), j = rng.below(n + 1);
    const Run run;
    const Tensor x(rng.normal({m, n}, 1));
    CHECK(largest_difference(transpose(run, transpose(run, x)).value(), x.value()) == 0);
    const Tensor up_down = concat_rows(run, slice_rows(run, x, 0, i), slice_rows(run, x, i, m));
    CHECK(largest_difference(up_down.value(), x.value()) == 0);
    const Tensor left_right =
        concat_columns(run, slice_columns(run, x, 0, j), slice_columns(run, x, j, n));
    CHECK(largest_difference(left_right.value(), x.value()) == 0);
  });
}

TEST_CASE("matmul_nt: equals matmul with the transposed matrix") {
  repeat([](Rng& rng, const auto& size) {
    const std::size_t h = size(), k = size();
    const Tensor a(rng.normal({h, size(), k}, 1)), b(rng.normal({h, size(), k}, 1));
    const Tensor y = matmul(Run{}, a, transpose(Run{}, b));
    CHECK(largest_difference(matmul_nt(Run{}, a, b).value(), y.value()) < 1e-5);
  });
}

TEST_CASE("rotary: keeps the length of every row") {
  repeat([](Rng& rng, const auto& size) {
    const Tensor x(rng.normal({size(), size(), 2 * size()}, 1));
    const Tensor y = rotary(Run{}, x);
    for (std::size_t i = 0; i < rows(x.value()); ++i) {
      const auto a = row(x.value(), i), b = row(y.value(), i);
      CHECK(std::inner_product(b.begin(), b.end(), b.begin(), 0.0) ==
            doctest::Approx(std::inner_product(a.begin(), a.end(), a.begin(), 0.0)).epsilon(1e-5));
    }
  });
}

TEST_CASE("attention: permuting the tokens permutes the outputs") {
  repeat([](Rng& rng, const auto& size) {
    const std::size_t heads = size(), d = heads * 2, n = size();
    const SmallAttention attention(rng, d, heads);
    const Array x = rng.normal({n, d}, 1);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    rng.shuffle(std::span(order));
    Array permuted = empty({n, d});
    for (std::size_t i = 0; i < n; ++i) {
      const auto from = row(x, order[i]);
      std::copy(from.begin(), from.end(), row(permuted, i).begin());
    }
    const Tensor y = attention(Run{}, Tensor(x)), z = attention(Run{}, Tensor(permuted));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        CHECK(std::abs(z.value()(i, j) - y.value()(order[i], j)) < 2e-5);
      }
    }
  });
}

TEST_CASE("attention: with a causal mask, a later token changes no bit of an earlier row") {
  repeat([](Rng& rng, const auto& size) {
    const std::size_t heads = size(), d = heads * 2, n = 1 + size();
    const SmallAttention attention(rng, d, heads);
    Array x = rng.normal({n, d}, 1);
    const Tensor mask = causal_mask(n), before = attention(Run{}, Tensor(x), mask);
    for (real& number : row(x, n - 1)) number = 100 * number + 7;
    const Tensor after = attention(Run{}, Tensor(x), mask);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      CHECK(same_bits(row(before.value(), i), row(after.value(), i)));
    }
    CHECK_FALSE(same_bits(row(before.value(), n - 1), row(after.value(), n - 1)));
  });
}

// Not the same bits: OpenBLAS cuts a product differently for two threads, and on some processors
// its kernels for the edges sum in another order.
TEST_CASE("attention: one and two threads agree to the last digits of a float") {
  Rng rng(7);
  const SmallAttention attention(rng, 64, 4);
  const Tensor x(rng.normal({80, 64}, 1)), mask = causal_mask(80);
  const Tensor one = attention(Run{}, x, mask);
  set_threads(2);
  const Tensor two = attention(Run{}, x, mask);
  set_threads(1);
  CHECK(largest_difference(one.value(), two.value()) <=
        real{1e-5} * largest_magnitude(one.value()));
}

TEST_CASE("layer norm and heads: one and two threads give the same bits") {
  Rng rng(8);
  const Tensor x(rng.normal({1, 300, 96}, 1)), gain(rng.normal({96}, 1)), bias(rng.normal({96}, 1));
  const auto results = [&] {
    return std::vector<Tensor>{layer_norm(Run{}, x, gain, bias), split_heads(Run{}, x, 3),
                               merge_heads(Run{}, split_heads(Run{}, x, 3))};
  };
  const auto one = results();
  set_threads(2);
  const auto two = results();
  set_threads(1);
  for (std::size_t i = 0; i < one.size(); ++i)
    CHECK(largest_difference(one[i].value(), two[i].value()) == 0);
  CHECK(largest_difference(one[2].value(), x.value()) == 0);
}

TEST_CASE(
    "relu, gelu, swish and softmax: write over their input only where nobody else can read it") {
  const std::function<Tensor(const Run&, Tensor)> ops[] = {
      [](const Run& run, Tensor x) { return relu(run, std::move(x)); },
      [](const Run& run, Tensor x) { return gelu(run, std::move(x)); },
      [](const Run& run, Tensor x) { return swish(run, std::move(x)); },
      [](const Run& run, Tensor x) { return softmax(run, std::move(x)); }};
  const Array numbers = Rng(9).normal({7, 19}, 2);
  for (const auto& op : ops) {
    const Tensor kept(numbers);
    const Tensor y = op(Run{}, kept);
    CHECK(largest_difference(kept.value(), numbers) == 0);
    CHECK(largest_difference(y.value(), numbers) > 0);
    Tape tape;
    Trace trace;
    for (const Run& run : {Run{}, Run{.tape = &tape}, Run{.trace = &trace}}) {
      Tensor given(numbers);
      const real* memory = given.value().data();
      const Tensor again = op(run, std::move(given));
      CHECK(largest_difference(again.value(), y.value()) == 0);
      CHECK((again.value().data() == memory) == !(run.tape || run.trace));
    }
  }
}
