// The operations that pictures, graphs and the Conformer need, by hand and against loops.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/graph/tape.h"
#include "attn/ops/ops.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

Tensor m(std::initializer_list<std::initializer_list<real>> rows) { return Tensor(matrix(rows)); }

Tensor shaped(std::initializer_list<real> numbers, const Shape& shape) {
  return Tensor(reshaped(matrix({numbers}), shape));
}

bool is(const Tensor& y, const Array& expected, real tolerance = 0) {
  return y.shape() == shape_of(expected) && largest_difference(y.value(), expected) <= tolerance;
}

struct OneThreadAfterwards {
  ~OneThreadAfterwards() { set_threads(1); }
};

/// The formula of convolution_2d, loop by loop, for one picture.
Array by_loops(const Array& x, const Array& w, const Array& b, std::size_t stride) {
  const auto h = std::ptrdiff_t(x.shape()[0]), width = std::ptrdiff_t(x.shape()[1]),
             s = std::ptrdiff_t(stride), kh = std::ptrdiff_t(w.shape()[0]),
             kw = std::ptrdiff_t(w.shape()[1]);
  const std::size_t out = w.shape()[3];
  Array y = zeros({std::size_t((h + s - 1) / s), std::size_t((width + s - 1) / s), out});
  for (std::ptrdiff_t i = 0; i < std::ptrdiff_t(y.shape()[0]); ++i) {
    for (std::ptrdiff_t j = 0; j < std::ptrdiff_t(y.shape()[1]); ++j) {
      for (std::size_t c = 0; c < out; ++c) {
        double sum = b(c);
        for (std::ptrdiff_t a = 0; a < kh; ++a) {
          for (std::ptrdiff_t e = 0; e < kw; ++e) {
            const std::ptrdiff_t row = i * s + a - kh / 2, column = j * s + e - kw / 2;
            if (row < 0 || row >= h || column < 0 || column >= width) continue;
            for (std::size_t l = 0; l < x.shape()[2]; ++l)
              sum += double{x(row, column, l)} * w(a, e, l, c);
          }
        }
        y(i, j, c) = static_cast<real>(sum);
      }
    }
  }
  return y;
}

}  // namespace

TEST_CASE("multiply: number by number, one weight per column, one per row, one for all") {
  const Tensor x = m({{1, 2, 3}, {4, 5, 6}});
  CHECK(is(multiply(Run{}, x, x), matrix({{1, 4, 9}, {16, 25, 36}})));
  CHECK(is(multiply(Run{}, x, shaped({1, 0, -1}, {3})), matrix({{1, 0, -3}, {4, 0, -6}})));
  CHECK(is(multiply(Run{}, x, m({{10}, {-1}})), matrix({{10, 20, 30}, {-4, -5, -6}})));
  CHECK(is(multiply(Run{}, x, Tensor(full({}, 2))), matrix({{2, 4, 6}, {8, 10, 12}})));
  CHECK(multiply(Run{}, Tensor(zeros({0, 3})), shaped({1, 2, 3}, {3})).shape() == Shape{0, 3});
}

TEST_CASE("row_max: the largest of each row; NaN is not passed over") {
  CHECK(is(row_max(Run{}, m({{1, 3, 2}, {-5, -4, -9}})), reshaped(matrix({{3, -4}}), {2})));
  const Array broken = row_max(Run{}, m({{1, kNaN, 9}, {kNaN, 1, 2}, {-kInfinity, 0, 1}})).value();
  CHECK(std::isnan(broken(0)));
  CHECK(std::isnan(broken(1)));
  CHECK(broken(2) == 1);
}

TEST_CASE("row_max: of several that are largest, the first gets the gradient") {
  Tape tape;
  const Tensor x = Tensor::parameter(matrix({{2, 5, 5}}));
  const Tensor y = row_max(Run{.tape = &tape}, x);
  tape.backward(y, full({1}, 3));
  CHECK(largest_difference(x.grad(), matrix({{0, 3, 0}})) == 0);
}

TEST_CASE("leaky_relu and swish: values by hand; NaN stays NaN") {
  CHECK(is(leaky_relu(Run{}, m({{-5, 0, 2}})), matrix({{-1, 0, 2}})));
  CHECK(is(leaky_relu(Run{}, m({{-4}}), 0.5), matrix({{-2}})));
  CHECK(std::isnan(leaky_relu(Run{}, m({{kNaN}})).value()(0, 0)));
  // 1 / (1 + e^-1) = 0.73105858, and -1 times 0.26894142
  CHECK(is(swish(Run{}, m({{0, 1, -1, 40, -40}})), matrix({{0, 0.73105858, -0.26894142, 40, 0}}),
           real{1e-6}));
}

TEST_CASE("edge_scores: a . [h_i; h_j] for every pair") {
  // a_1 . h = 1 and 4, a_2 . h = 20 and 30
  const Tensor h = m({{1, 2}, {4, 3}}), a = shaped({1, 0, 0, 10}, {4});
  CHECK(is(edge_scores(Run{}, h, a), matrix({{21, 31}, {24, 34}})));
  const Tensor two(reshaped(matrix({{1, 2, 4, 3, 4, 3, 1, 2}}), {2, 2, 2}));
  CHECK(is(edge_scores(Run{}, two, a),
           reshaped(matrix({{21, 31, 24, 34, 34, 24, 31, 21}}), {2, 2, 2})));
}

TEST_CASE("depthwise_convolution: each channel by itself, zeros beyond the ends") {
  // Taps 1, 10, 100 in the first channel: the middle one on the position itself. Only the last
  // tap in the second.
  const Tensor x = m({{1, 1}, {2, 2}, {3, 3}}), w = m({{1, 0}, {10, 0}, {100, 1}});
  CHECK(is(depthwise_convolution(Run{}, x, w, shaped({0, 5}, {2})),
           matrix({{210, 7}, {321, 8}, {32, 5}})));
}

TEST_CASE("depthwise_convolution: a kernel longer than the text, and a batch text by text") {
  Rng rng(3);
  const Array x = rng.normal({2, 3, 4}, 1);
  const Tensor w = normal(rng, {7, 4}), b = normal(rng, {4});
  const Array both = depthwise_convolution(Run{}, Tensor(x), w, b).value();
  for (std::size_t item = 0; item < 2; ++item) {
    Array one = empty({3, 4});
    std::copy_n(x.data() + item * 12, 12, one.data());
    const Array alone = depthwise_convolution(Run{}, Tensor(one), w, b).value();
    CHECK(std::memcmp(alone.data(), both.data() + item * 12, 12 * sizeof(real)) == 0);
    // A diagonal convolution is the same.
    Array diagonal = zeros({7, 4, 4});
    for (std::size_t j = 0; j < 7; ++j)
      for (std::size_t c = 0; c < 4; ++c) diagonal(j, c, c) = w.value()(j, c);
    const Tensor full_one = convolution(Run{}, Tensor(one), Tensor(diagonal), b);
    CHECK(largest_difference(full_one.value(), alone) < 1e-5);
  }
}

TEST_CASE("convolution_2d: a picture by hand") {
  // A cross of ones adds a pixel's neighbours above, below, left and right, and itself.
  const Tensor x = shaped({1, 2, 3, 4, 5, 6}, {2, 3, 1});
  const Tensor cross = shaped({0, 1, 0, 1, 1, 1, 0, 1, 0}, {3, 3, 1, 1});
  CHECK(
      is(convolution_2d(Run{}, x, cross), reshaped(matrix({{7, 11, 11, 10, 17, 14}}), {2, 3, 1})));
  CHECK(is(convolution_2d(Run{}, x, cross, shaped({100}, {1}), 2),
           reshaped(matrix({{107, 111}}), {1, 2, 1})));
}

TEST_CASE("convolution_2d: equals the formula, loop by loop") {
  Rng rng(7);
  for (const std::size_t h : {1, 2, 5}) {
    for (const std::size_t width : {1, 4, 9}) {
      for (const std::size_t kh : {1, 2, 3, 7}) {
        for (const std::size_t kw : {1, 3, 4}) {
          for (const std::size_t stride : {1, 2, 3}) {
            const Array x = rng.normal({h, width, 3}, 1), w = rng.normal({kh, kw, 3, 2}, 1),
                        b = rng.normal({2}, 1);
            const Tensor y = convolution_2d(Run{}, Tensor(x), Tensor(w), Tensor(b), stride);
            INFO(h << "x" << width << " kernel " << kh << "x" << kw << " stride " << stride);
            CHECK(is(y, by_loops(x, w, b, stride), real{1e-4}));
          }
        }
      }
    }
  }
}

TEST_CASE("convolution_2d: with one row, a convolution over time") {
  Rng rng(5);
  const Array x = rng.normal({6, 3}, 1), w = rng.normal({3, 3, 4}, 1), b = rng.normal({4}, 1);
  const Array along = convolution(Run{}, Tensor(x), Tensor(w), Tensor(b)).value();
  const Tensor y = convolution_2d(Run{}, Tensor(reshaped(x, {1, 6, 3})),
                                  Tensor(reshaped(w, {1, 3, 3, 4})), Tensor(b));
  CHECK(is(y, reshaped(along, {1, 6, 4})));
}

TEST_CASE("convolution_2d: one thread and two agree, on the way back too") {
  const OneThreadAfterwards restore;
  Array values[2], gradients[2];
  for (int threads = 1; threads <= 2; ++threads) {
    set_threads(threads);
    Rng rng(9);
    Tape tape;
    const Tensor x = Tensor::parameter(rng.normal({4, 12, 13, 5}, 1)),
                 w = Tensor::parameter(rng.normal({3, 3, 5, 8}, 1)),
                 b = Tensor::parameter(rng.normal({8}, 1));
    const Tensor y = convolution_2d(Run{.tape = &tape}, x, w, b, 2);
    tape.backward(y, y.value());
    values[threads - 1] = y.value();
    gradients[threads - 1] = x.grad();
  }
  CHECK(largest_difference(values[0], values[1]) < 1e-4);
  CHECK(largest_difference(gradients[0], gradients[1]) < 1e-3);
}

TEST_CASE("convolution_2d: a stride of 0 is refused") {
  CHECK_THROWS_WITH_AS(
      convolution_2d(Run{}, Tensor(zeros({2, 2, 1})), Tensor(zeros({1, 1, 1, 1})), {}, 0),
      doctest::Contains("stride"), Error);
}
