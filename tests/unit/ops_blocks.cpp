// The ops of blocks: sigmoid, gelu, statistics, batch norm, halting. Values done by hand, messages,
// and what must hold for any numbers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/graph/tape.h"
#include "attn/nn/adaptive.h"
#include "attn/nn/encoder.h"
#include "attn/ops/ops.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("sigmoid and gelu: values from a table") {
  const Tensor x(matrix({{0, 1, -1, 3, -30}}));
  const Array s = sigmoid(Run{}, x).value(), g = gelu(Run{}, x).value();
  const double sigmoids[] = {0.5, 0.7310585786, 0.2689414214, 0.9525741268, 9.3576e-14},
               gelus[] = {0, 0.8413447461, -0.1586552539, 2.9959503059, 0};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(s(0, i) == doctest::Approx(sigmoids[i]).epsilon(1e-5));
    CHECK(g(0, i) == doctest::Approx(gelus[i]).epsilon(1e-5));
  }
  const Tensor edges(matrix({{kInfinity, -kInfinity, kNaN, -1000, 1000}}));
  const Array ends = sigmoid(Run{}, edges).value();
  CHECK(ends(0, 0) == 1);
  CHECK(ends(0, 1) == 0);
  CHECK(std::isnan(ends(0, 2)));
  CHECK(ends(0, 3) == 0);
  CHECK(ends(0, 4) == 1);
  CHECK(std::isnan(gelu(Run{}, edges).value()(0, 2)));
}

TEST_CASE("gelu: over its whole range as far from the formula in double as a float must be") {
  constexpr std::size_t kCount = 40'001;
  Array x = empty({kCount});
  for (std::size_t i = 0; i < kCount; ++i) x(i) = real(-20 + 40 * double(i) / (kCount - 1));
  const Tensor in = Tensor::parameter(x);
  Tape tape;
  const Tensor y = gelu({.tape = &tape}, in);
  tape.backward(y, full({kCount}, 1));
  double worst = 0, worst_slope = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const double v = x(i), below = 0.5 * std::erfc(-v / std::sqrt(2.0)),
                 density = std::exp(-v * v / 2) / std::sqrt(2 * std::acos(-1.0));
    worst = std::max(worst, std::abs(y.value()(i) - v * below) / std::max(1.0, std::abs(v)));
    worst_slope = std::max(worst_slope, std::abs(in.grad()(i) - (below + v * density)));
  }
  INFO("value ", worst, ", slope ", worst_slope);
  CHECK(worst < 3e-7);  // about two roundings of a float near 1
  CHECK(worst_slope < 6e-7);
}

TEST_CASE("statistics: mean and variance of a row, over all of its numbers") {
  const Tensor x(matrix({{1, 2, 3, 6}, {5, 5, 5, 5}}));
  const Array mean = row_mean(Run{}, x).value(), variance = row_variance(Run{}, x).value();
  CHECK(shape_of(mean) == Shape{2});
  CHECK(mean(0) == 3);
  CHECK(mean(1) == 5);
  CHECK(variance(0) == doctest::Approx(3.5));  // (4 + 1 + 0 + 9) / 4
  CHECK(variance(1) == 0);
}

TEST_CASE("batch norm: columns by hand, and layer norm of the transpose") {
  const Tensor one(matrix({{1, 0}, {3, 0}})), gain(Array{2, 1}), bias(Array{0.5, -1});
  const Array y = batch_norm(Run{}, one, gain, bias, 0).value();
  CHECK(y(0, 0) == doctest::Approx(-1.5));
  CHECK(y(1, 0) == doctest::Approx(2.5));
  const Array alike = batch_norm(Run{}, one, gain, bias).value();
  CHECK(alike(0, 1) == -1);  // a column without variance gives its bias
  Rng rng(1);
  const Tensor x(rng.normal({7, 3}, 2)), ones(full({3}, 1)), zero(zeros({3}));
  const Tensor turned = transpose(Run{}, x);
  const Array same =
      transpose(Run{}, layer_norm(Run{}, turned, Tensor(full({7}, 1)), Tensor(zeros({7})))).value();
  CHECK(largest_difference(batch_norm(Run{}, x, ones, zero).value(), same) < 1e-5);
  CHECK(message_of([&] { batch_norm(Run{}, x, gain, zero); }).find("batch_norm: x (7, 3)") == 0);
  CHECK(message_of([&] { batch_norm(Run{}, x, ones, bias); }).find("bias") != std::string::npos);
  CHECK(message_of([&] {
          row_mean(Run{}, Tensor(zeros({3, 0})));
        }).find("row_mean: x has shape (3, 0)") == 0);
}

TEST_CASE(
    "halting: a row stops where the sum reaches the threshold, and takes the remainder there") {
  const Tensor p(matrix({{0.5, 0.25, 0.75, 0.5}, {1, 0.5, 0.5, 0.5}, {0.125, 0.125, 0.25, 0.0}}));
  const Array weights = halting_weights(Run{}, p, 0.99).value(),
              stop = halting_stop(Run{}, p, 0.99).value();
  CHECK(largest_difference(
            weights, matrix({{0.5, 0.25, 0.25, 0}, {1, 0, 0, 0}, {0.125, 0.125, 0.25, 0.5}})) == 0);
  CHECK(largest_difference(stop, matrix({{0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}})) == 0);
  CHECK(message_of([] {
          halting_weights(Run{}, Tensor(zeros({})), 0.9);
        }).find("halting_weights") == 0);
}

TEST_CASE("adaptive steps: a bias that says stop takes one step, one that says go on takes all") {
  Rng rng(3);
  const Tensor x(rng.normal({4, 6}, 1));
  Parameters parameters{Rng(1)};
  const EncoderLayer layer = encoder_layer(parameters, 0, {6, 2, 8});
  HaltingParameters halting = halting_parameters(parameters, 6);
  const auto block = [&](const Tensor& h, std::size_t) {
    return encode(Run{}, h, layer, 0, {.heads = 2}, {});
  };
  halting.b.mutable_value()(0) = 50;
  const AdaptiveResult once = adaptive_steps(Run{}, x, halting, block, 5);
  CHECK(once.weights.shape() == Shape{4, 1});
  CHECK(largest_difference(once.output.value(), block(x, 0).value()) == 0);
  halting.b.mutable_value()(0) = -50;
  const AdaptiveResult all = adaptive_steps(Run{}, x, halting, block, 3);
  CHECK(all.weights.shape() == Shape{4, 3});
  const Array last = block(block(block(x, 0), 1), 2).value();
  CHECK(largest_difference(all.output.value(), last) < 1e-6);
  for (const real n : all.steps.value()) CHECK(n == 3);
}
