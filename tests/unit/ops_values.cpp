// Each op on an example small enough for paper.
#include <doctest/doctest.h>

#include <cmath>

#include "attn/graph/tape.h"
#include "attn/ops/ops.h"
#include "small_attention.h"

using namespace attn;
using namespace attn::testing;

namespace {

Tensor m(std::initializer_list<std::initializer_list<real>> rows) { return Tensor(matrix(rows)); }

Tensor vector(std::initializer_list<real> numbers) {
  return Tensor(reshaped(matrix({numbers}), {numbers.size()}));
}

bool is(const Tensor& y, const Array& expected, real tolerance = 0) {
  return y.shape() == shape_of(expected) && largest_difference(y.value(), expected) <= tolerance;
}

}  // namespace

TEST_CASE("embed: looks up rows") {
  CHECK(is(embed(Run{}, m({{1, 2}, {3, 4}, {5, 6}}), vector({2, 0, 2})),
           matrix({{5, 6}, {1, 2}, {5, 6}})));
}

TEST_CASE("one_hot: times the table is the looked-up row") {
  const Tensor ids = vector({2, 0}), table = m({{1, 2}, {3, 4}, {5, 6}});
  CHECK(is(one_hot(Run{}, ids, 3), matrix({{0, 0, 1}, {1, 0, 0}})));
  CHECK(is(matmul(Run{}, one_hot(Run{}, ids, 3), table), embed(Run{}, table, ids).value()));
}

TEST_CASE("linear: x W + b") {
  const Tensor x = m({{1, 2}, {3, 4}}), w = m({{1, 0, 2}, {0, 1, 3}});
  CHECK(is(linear(Run{}, x, w), matrix({{1, 2, 8}, {3, 4, 18}})));
  CHECK(is(linear(Run{}, x, w, vector({10, 20, 30})), matrix({{11, 22, 38}, {13, 24, 48}})));
  CHECK(linear(Run{}, vector({1, 2}), w).shape() == Shape{3});
}

TEST_CASE("matmul: a b and a b^T") {
  const Tensor a = m({{1, 2}, {3, 4}}), b = m({{5, 6}, {7, 8}});
  CHECK(is(matmul(Run{}, a, b), matrix({{19, 22}, {43, 50}})));
  CHECK(is(matmul_nt(Run{}, a, b), matrix({{17, 23}, {39, 53}})));
  CHECK(is(matmul_nt(Run{}, a, b, 0.5), matrix({{8.5, 11.5}, {19.5, 26.5}})));
}

TEST_CASE("matmul: each leading index by itself, or one right matrix for all") {
  const Tensor a(reshaped(matrix({{1, 2, 3, 4}}), {2, 1, 2}));
  const Tensor b(reshaped(matrix({{1, 1, 2, 2}}), {2, 2, 1}));
  CHECK(is(matmul(Run{}, a, b), reshaped(matrix({{3, 14}}), {2, 1, 1})));
  CHECK(is(matmul(Run{}, a, m({{1}, {10}})), reshaped(matrix({{21, 43}}), {2, 1, 1})));
}

TEST_CASE("matmul_nt: part of a sequence with the whole of it is not square") {
  const Tensor x = m({{1, 0}, {0, 1}, {1, 1}});
  CHECK(is(matmul_nt(Run{}, slice_rows(Run{}, x, 0, 2), x), matrix({{1, 0, 1}, {0, 1, 1}})));
}

TEST_CASE("add: the same position table for every sentence") {
  const Tensor a(reshaped(matrix({{1, 2, 3, 4}}), {2, 1, 2}));
  CHECK(is(add(Run{}, a, vector({10, 20})), reshaped(matrix({{11, 22, 13, 24}}), {2, 1, 2})));
}

TEST_CASE("scale and relu: elementwise; NaN stays NaN") {
  CHECK(is(scale(Run{}, vector({1, -2}), -0.5), vector({-0.5, 1}).value()));
  CHECK(is(relu(Run{}, vector({-1, 0, 2})), vector({0, 0, 2}).value()));
  CHECK(std::isnan(relu(Run{}, vector({kNaN})).value()(0)));
}

TEST_CASE("split_heads: a head is a block of columns") {
  const Tensor y = split_heads(Run{}, m({{1, 2, 3, 4}, {5, 6, 7, 8}}), 2);
  CHECK(is(y, reshaped(matrix({{1, 2, 5, 6, 3, 4, 7, 8}}), {2, 2, 2})));
}

TEST_CASE("layout: transpose, concat and slice move numbers") {
  const Tensor x = m({{1, 2, 3}, {4, 5, 6}});
  CHECK(is(transpose(Run{}, x), matrix({{1, 4}, {2, 5}, {3, 6}})));
  CHECK(is(reshape(Run{}, x, {3, 2}), matrix({{1, 2}, {3, 4}, {5, 6}})));
  CHECK(is(concat_columns(Run{}, x, m({{7}, {8}})), matrix({{1, 2, 3, 7}, {4, 5, 6, 8}})));
  CHECK(is(concat_rows(Run{}, x, m({{7, 8, 9}})), matrix({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}})));
  CHECK(is(slice_rows(Run{}, x, 1, 2), matrix({{4, 5, 6}})));
  CHECK(is(slice_columns(Run{}, x, 1, 3), matrix({{2, 3}, {5, 6}})));
}

TEST_CASE("rotary: row p turns by p radians in the first pair, slower in the next") {
  const Tensor y = rotary(Run{}, m({{1, 0, 1, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}}));
  const auto c = [](double x) { return static_cast<real>(std::cos(x)); };
  const auto s = [](double x) { return static_cast<real>(std::sin(x)); };
  CHECK(is(y,
           matrix({{1, 0, 1, 0}, {c(1), s(1), c(0.01), s(0.01)}, {-s(2), c(2), -s(0.02), c(0.02)}}),
           real{1e-6}));
}

TEST_CASE("rotary: products of query and key depend on their distance alone") {
  Rng rng(1);
  const Tensor q(rng.normal({1, 8}, 1)), k(rng.normal({1, 8}, 1));
  Tensor queries = q, keys = k;
  for (int i = 1; i < 6; ++i) {
    queries = concat_rows(Run{}, queries, q);
    keys = concat_rows(Run{}, keys, k);
  }
  const Tensor s = matmul_nt(Run{}, rotary(Run{}, queries), rotary(Run{}, keys));
  for (std::size_t i = 1; i < 6; ++i) {
    for (std::size_t j = 1; j < 6; ++j) {
      CHECK(s.value()(i, j) == doctest::Approx(s.value()(i - 1, j - 1)).epsilon(1e-4));
    }
  }
}

TEST_CASE("tanh and sigmoid: values, and far from 0 they are flat") {
  const Tensor x = m({{0, 1, -1, 40, -40}});
  CHECK(is(tanh(Run{}, x), matrix({{0, 0.76159416, -0.76159416, 1, -1}}), 1e-6));
  CHECK(is(sigmoid(Run{}, x), matrix({{0.5, 0.73105858, 0.26894142, 1, 0}}), 1e-6));
}

TEST_CASE("gaussian: each weight by its distance from the row's center") {
  const Tensor y = gaussian(Run{}, m({{1, 1, 1}, {2, 4, 0}}), m({{1}, {0.5}}), 1);
  const real near = 0.60653066, half = 0.88249690, far = 0.32465247;  // e^(-1/2), -1/8, -9/8
  CHECK(is(y, matrix({{near, 1, near}, {2 * half, 4 * half, 0 * far}}), 1e-6));
}

TEST_CASE("concat_rows and slice_rows: item by item") {
  Array a = empty({2, 1, 2}), b = empty({2, 2, 2});
  for (std::size_t i = 0; i < 4; ++i) a.data()[i] = static_cast<real>(i);
  for (std::size_t i = 0; i < 8; ++i) b.data()[i] = static_cast<real>(10 + i);
  const Tensor both = concat_rows(Run{}, Tensor(a), Tensor(b));
  CHECK(is(reshape(Run{}, both, {2, 6}), matrix({{0, 1, 10, 11, 12, 13}, {2, 3, 14, 15, 16, 17}})));
  CHECK(is(reshape(Run{}, slice_rows(Run{}, both, 1, 2), {2, 2}), matrix({{10, 11}, {14, 15}})));
}

TEST_CASE("additive_scores: v . tanh(q + k)") {
  const Tensor y = additive_scores(Run{}, m({{0, 1}}), m({{0, 0}, {1, -1}}), vector({2, 3}));
  CHECK(y.value()(0, 0) == doctest::Approx(3 * std::tanh(1.0)));
  CHECK(y.value()(0, 1) == doctest::Approx(2 * std::tanh(1.0)));
}

TEST_CASE("unit_rows: length 1; zeros stay zeros") {
  CHECK(is(unit_rows(Run{}, m({{3, 4}, {0, 0}})), matrix({{0.6f, 0.8f}, {0, 0}}), real{1e-7}));
  CHECK(is(unit_rows(Run{}, m({{real{1e30}, 0}})), matrix({{1, 0}})));
}

TEST_CASE("unit_rows: a row of zeros has gradient 0") {
  const Tensor x = Tensor::parameter(zeros({1, 3}));
  Tape tape;
  const Tensor y = unit_rows(Run{.tape = &tape}, x);
  tape.backward(y, full({1, 3}, 1));
  CHECK(largest_difference(x.grad(), zeros({1, 3})) == 0);
}

TEST_CASE("softmax: exponentials over their sum, with a mask for every leading index") {
  const real e = static_cast<real>(std::exp(1.0));
  CHECK(is(softmax(Run{}, m({{0, 1}})), matrix({{1 / (1 + e), e / (1 + e)}}), real{1e-6}));
  const Tensor s(zeros({2, 2, 2}));
  CHECK(is(softmax(Run{}, s, causal_mask(2)),
           reshaped(matrix({{1, 0, 0.5, 0.5, 1, 0, 0.5, 0.5}}), {2, 2, 2})));
}

TEST_CASE("naive_softmax: equals softmax until exp overflows") {
  Rng rng(2);
  const Tensor s(rng.normal({4, 9}, 3));
  CHECK(is(naive_softmax(Run{}, s), softmax(Run{}, s).value(), real{1e-6}));
  const Tensor large = m({{10000, 9999}});
  CHECK(std::isnan(naive_softmax(Run{}, large).value()(0, 0)));
  CHECK(softmax(Run{}, large).value()(0, 0) == doctest::Approx(1 / (1 + std::exp(-1.0))));
}

TEST_CASE("renormalize: what is kept, over its sum; nothing kept gives zeros") {
  const Tensor w = m({{0.2f, 0.3f, 0.5f}, {0.2f, 0.3f, 0.5f}});
  CHECK(is(renormalize(Run{}, w, m({{1, 1, 0}, {0, 0, 0}})), matrix({{0.4f, 0.6f, 0}, {0, 0, 0}}),
           real{1e-6}));
}

TEST_CASE("recurrent: an rnn of one number adds up under tanh") {
  const auto t = [](double x) { return std::tanh(x); };
  const RecurrentParameters p{m({{2}}), m({{-1}}), vector({0.5}), vector({0.25})};
  const Tensor y = recurrent(Run{}, Cell::rnn, m({{1}, {0}, {-1}}), p).hidden;
  const double h1 = t(2 + 0.75), h2 = t(0.75 - h1), h3 = t(-2 + 0.75 - h2);
  CHECK(is(y, matrix({{real(h1)}, {real(h2)}, {real(h3)}}), real{1e-6}));
}

TEST_CASE("recurrent: an lstm of one number, gates i f g o side by side") {
  const auto s = [](double x) { return 1 / (1 + std::exp(-x)); };
  const RecurrentParameters p{m({{1, 2, 3, 4}}), m({{0.1f, 0.2f, 0.3f, 0.4f}}),
                              vector({0, 1, 0, -1}), vector({0.5, 0, 0, 0})};
  const Tensor y = recurrent(Run{}, Cell::lstm, m({{0.5}, {-0.5}}), p).hidden;
  const double c1 = s(1) * std::tanh(1.5), h1 = s(1) * std::tanh(c1);
  const double c2 = s(0.1 * h1) * std::tanh(-1.5 + 0.3 * h1) + s(0.2 * h1) * c1,
               h2 = s(-3 + 0.4 * h1) * std::tanh(c2);
  CHECK(is(y, matrix({{real(h1)}, {real(h2)}}), real{1e-6}));
}

TEST_CASE("recurrent: a gru of one number; r multiplies what comes from h, with its bias") {
  const auto s = [](double x) { return 1 / (1 + std::exp(-x)); };
  const RecurrentParameters p{m({{1, 2, 3}}), m({{0.1f, 0.2f, 0.3f}}), vector({0, 0, 0.5}),
                              vector({0, 0, 2})};
  const Tensor y = recurrent(Run{}, Cell::gru, m({{0.5}, {-0.5}}), p).hidden;
  const double h1 = (1 - s(1)) * std::tanh(2 + s(0.5) * 2);
  const double r = s(-0.5 + 0.1 * h1), z = s(-1 + 0.2 * h1);
  const double h2 = (1 - z) * std::tanh(-1 + r * (0.3 * h1 + 2)) + z * h1;
  CHECK(is(y, matrix({{real(h1)}, {real(h2)}}), real{1e-6}));
}

TEST_CASE("convolution: cross-correlation, zeros beyond the ends") {
  const Tensor x = m({{1}, {2}, {3}, {4}}), w(reshaped(matrix({{1, 10, 100}}), {3, 1, 1})),
               b = vector({0.5});
  CHECK(is(convolution(Run{}, x, w, b), matrix({{210.5}, {321.5}, {432.5}, {43.5}})));
  CHECK(is(convolution(Run{}, x, w, b, 1, true), matrix({{100.5}, {210.5}, {321.5}, {432.5}})));
  CHECK(is(convolution(Run{}, x, w, b, 2), matrix({{310.5}, {420.5}, {31.5}, {42.5}})));
  CHECK(is(convolution(Run{}, x, w, b, 2, true), matrix({{100.5}, {200.5}, {310.5}, {420.5}})));
  const Tensor even(reshaped(matrix({{1, 10}}), {2, 1, 1}));  // tap 1 of 2 is the position itself
  CHECK(is(convolution(Run{}, x, even, b), matrix({{10.5}, {21.5}, {32.5}, {43.5}})));
}

TEST_CASE("layer_norm: mean 0, variance over d and not d-1") {
  // (1, 3): mean 2, variance 1; with d-1 it would be 2.
  CHECK(is(layer_norm(Run{}, m({{1, 3}}), vector({1, 1}), vector({0, 0}), 0), matrix({{-1, 1}}),
           real{1e-6}));
  CHECK(is(layer_norm(Run{}, m({{1, 3}}), vector({2, 3}), vector({10, 20}), 3), matrix({{9, 21.5}}),
           real{1e-5}));
  CHECK(is(layer_norm(Run{}, m({{7, 7, 7}}), vector({1, 1, 1}), vector({1, 2, 3})),
           matrix({{1, 2, 3}})));
}

TEST_CASE("cross_entropy: the mean of -log of the target's probability") {
  const double e = std::exp(1.0), p0 = 1 / (1 + e), p1 = e / (1 + e);
  const auto loss = [](const Tensor& x, const Tensor& t, double smoothing = 0) {
    return double{cross_entropy(Run{}, x, t, smoothing).value()(0)};
  };
  const Tensor x = m({{0, 1}, {0, 1}});
  CHECK(loss(x, vector({0, 1})) == doctest::Approx(-(std::log(p0) + std::log(p1)) / 2));
  CHECK(loss(x, vector({-1, 1})) == doctest::Approx(-std::log(p1)));
  CHECK(loss(x, vector({-1, -1})) == 0);
  // smoothing 0.2 over two classes: 0.9 at the target, 0.1 beside it
  CHECK(loss(x, vector({-1, 1}), 0.2) == doctest::Approx(-0.9 * std::log(p1) - 0.1 * std::log(p0)));
}

TEST_CASE("squared_error: the mean over what has a target") {
  CHECK(squared_error(Run{}, m({{1, 2}, {3, 4}}), m({{0, kNaN}, {3, 2}})).value()(0) ==
        doctest::Approx(5.0 / 3));
  CHECK(squared_error(Run{}, m({{1}}), m({{kNaN}})).value()(0) == 0);
}
