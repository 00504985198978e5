// Cross entropy and squared error: the formulas, extreme numbers, gradients.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "attn/ops/ops.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

double loss(const Array& logits, const Array& targets, double smoothing = 0) {
  return cross_entropy(Run{}, Tensor(logits), Tensor::ids(targets), smoothing).value()(0);
}

Array ids(std::initializer_list<real> numbers) {
  return reshaped(matrix({numbers}), {numbers.size()});
}

}  // namespace

TEST_CASE("cross_entropy: equal logits give ln V, whatever the target and the smoothing") {
  for (const std::size_t v : {1, 2, 3, 16, 17, 1000}) {
    for (const double smoothing : {0.0, 0.1}) {
      for (const real level : {real{0}, real{-5}, real{1e4}}) {
        const double expected = std::log(double(v));
        CHECK(std::abs(loss(full({2, v}, level), ids({0, real(v - 1)}), smoothing) - expected) <
              1e-5);
      }
    }
  }
}

TEST_CASE("cross_entropy: the sum of the formula, in double, for random logits and smoothing") {
  Rng rng(1);
  for (int k = 0; k < 20; ++k) {
    const std::size_t n = 1 + rng.below(6), v = 1 + rng.below(40);
    const Array x = rng.normal({n, v}, 3);
    Array t = empty({n});
    for (real& id : t) id = static_cast<real>(rng.below(v + 1)) - 1;
    const double smoothing = 0.1 * double(rng.below(4));
    double sum = 0, counted = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (t(i) < 0) continue;
      double total = 0;
      for (std::size_t j = 0; j < v; ++j) total += std::exp(double{x(i, j)});
      for (std::size_t j = 0; j < v; ++j) {
        const double wanted = smoothing / double(v) + (t(i) == real(j) ? 1 - smoothing : 0);
        sum -= wanted * std::log(std::exp(double{x(i, j)}) / total);
      }
      counted += 1;
    }
    CHECK(loss(x, t, smoothing) == doctest::Approx(counted == 0 ? 0 : sum / counted).epsilon(1e-5));
  }
}

TEST_CASE("cross_entropy: large logits neither overflow nor vanish") {
  CHECK(loss(matrix({{1e4, 0}}), ids({0})) == 0);
  CHECK(loss(matrix({{1e4, 0}}), ids({1})) == doctest::Approx(1e4));
  CHECK(loss(matrix({{1e30f, 0}}), ids({1})) == doctest::Approx(1e30));
  CHECK(loss(matrix({{-1e30f, 0}}), ids({1})) == 0);
  CHECK(loss(matrix({{10000, 9999}}), ids({1})) ==
        doctest::Approx(std::log(1 + std::exp(1.0))).epsilon(1e-5));
  CHECK(loss(matrix({{0, -kInfinity}}), ids({0})) == 0);
  CHECK(loss(matrix({{0, -kInfinity}}), ids({1})) == double{kInfinity});
  CHECK(std::isnan(loss(matrix({{0, kNaN}}), ids({0}))));
}

TEST_CASE(
    "cross_entropy: a target outside the classes is refused, with its place; a negative one is not "
    "counted") {
  for (const real bad : {real{3}, real{1e9}, real{1e30}, kNaN, kInfinity}) {
    std::string message;
    try {
      loss(zeros({2, 3}), ids({0, bad}));
    } catch (const Error& e) {
      message = e.what();
    }
    CHECK(message.find("cross_entropy: target") == 0);
    CHECK(message.find("row 1 in 3 classes") != std::string::npos);
  }
  CHECK(loss(matrix({{0, 0}, {5, 0}}), ids({0, -1e30f})) == doctest::Approx(std::log(2.0)));
}

TEST_CASE("cross_entropy: a row that is not counted has gradient 0, even if it holds NaN") {
  const Tensor x = Tensor::parameter(matrix({{0, 1}, {kNaN, 3}, {2, 1}}));
  Tape tape;
  const Tensor y = cross_entropy(Run{.tape = &tape}, x, Tensor::ids(ids({1, -1, 0})), 0.1);
  tape.backward(y, full({1}, 1));
  CHECK(std::isfinite(y.value()(0)));
  for (std::size_t j = 0; j < 2; ++j) {
    CHECK(x.grad()(1, j) == 0);
    CHECK(x.grad()(0, j) != 0);
  }
  CHECK(x.grad()(0, 0) + x.grad()(0, 1) == doctest::Approx(0).epsilon(1e-6));
}

TEST_CASE("losses: with nothing counted, the loss is 0 and so is its gradient") {
  const Tensor x = Tensor::parameter(matrix({{0, 1}}));
  Tape tape;
  const Tensor y = cross_entropy(Run{.tape = &tape}, x, Tensor::ids(ids({-1})));
  tape.backward(y, full({1}, 1));
  CHECK(y.value()(0) == 0);
  const Tensor z = squared_error(Run{.tape = &tape}, x, Tensor(full({1, 2}, kNaN)));
  tape.backward(z, full({1}, 1));
  CHECK(z.value()(0) == 0);
  CHECK(largest_difference(x.grad(), zeros({1, 2})) == 0);
}
