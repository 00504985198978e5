// What holds for the ops over a whole sequence, and for layer norm and dropout, whatever the
// numbers.
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

constexpr Cell kCells[] = {Cell::rnn, Cell::lstm, Cell::gru};

bool same_bits(const Array& a, const Array& b) {
  return shape_of(a) == shape_of(b) &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(real)) == 0;
}

RecurrentParameters parameters(Rng& rng, Cell cell, std::size_t d, std::size_t h) {
  const std::size_t width = gates_of(cell) * h;
  return {normal(rng, {d, width}, 0.5), normal(rng, {h, width}, 0.5), normal(rng, {width}, 0.5),
          normal(rng, {width}, 0.5)};
}

/// Sentence b of x (B,T,d).
Array sentence(const Array& x, std::size_t b) {
  const std::size_t time = x.shape()[1], d = x.shape()[2];
  Array out = empty({time, d});
  std::copy_n(x.data() + b * time * d, time * d, out.data());
  return out;
}

/// The rows of x (n,d) from the last to the first.
Array backwards(const Array& x) {
  Array out = empty(shape_of(x));
  for (std::size_t i = 0; i < rows(x); ++i)
    std::copy_n(row(x, i).data(), columns(x), row(out, rows(x) - 1 - i).data());
  return out;
}

struct OneThreadAfterwards {
  ~OneThreadAfterwards() { set_threads(1); }
};

}  // namespace

TEST_CASE("recurrent: a batch is its sentences one by one") {
  Rng rng(1);
  for (const Cell cell : kCells) {
    const RecurrentParameters p = parameters(rng, cell, 5, 7);
    for (const std::size_t batch : {1, 2, 3, 16, 17, 40}) {
      const Array x = rng.normal({batch, 6, 5}, 1);
      for (const bool reversed : {false, true}) {
        const Array all = recurrent(Run{}, cell, Tensor(x), p, reversed).hidden.value();
        for (std::size_t b = 0; b < batch; ++b) {
          const Array one =
              recurrent(Run{}, cell, Tensor(sentence(x, b)), p, reversed).hidden.value();
          CHECK(largest_difference(one, sentence(all, b)) < 2e-6);
        }
      }
    }
  }
}

TEST_CASE("recurrent: reversed is forward over the reversed sequence, back again") {
  Rng rng(2);
  for (const Cell cell : kCells) {
    const RecurrentParameters p = parameters(rng, cell, 3, 4);
    for (const std::size_t n : {1, 2, 7}) {
      const Array x = rng.normal({n, 3}, 1);
      const Array expected =
          backwards(recurrent(Run{}, cell, Tensor(backwards(x)), p).hidden.value());
      CHECK(largest_difference(recurrent(Run{}, cell, Tensor(x), p, true).hidden.value(),
                               expected) < 1e-6);
    }
  }
}

TEST_CASE(
    "recurrent: what stands behind a sentence changes nothing in it, and gets no gradient from "
    "it") {
  Rng rng(3);
  for (const Cell cell : kCells) {
    const RecurrentParameters p = parameters(rng, cell, 3, 4);
    const Array x = rng.normal({4, 3}, 1);
    Array padded = rng.normal({6, 3}, 1);
    std::copy_n(x.data(), x.size(), padded.data());
    const Tensor y = recurrent(Run{}, cell, Tensor(x), p).hidden;
    const Tensor input = Tensor::parameter(padded);
    Tape tape;
    const Tensor longer = recurrent(Run{.tape = &tape}, cell, input, p).hidden;
    Array first = empty({4, 4}), seed = zeros({6, 4});
    std::copy_n(longer.value().data(), first.size(), first.data());
    CHECK(largest_difference(first, y.value()) < 1e-6);
    std::fill_n(seed.data(), 16, real{1});
    tape.backward(longer, seed);
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t j = 0; j < 3; ++j) CHECK((input.grad()(i, j) != 0) == (i < 4));
    }
  }
}

// Not the same bits: OpenBLAS cuts a product differently for two threads.
TEST_CASE("recurrent and convolution: one thread and two agree, on the way back too") {
  const OneThreadAfterwards restore;
  for (const std::size_t batch : {1, 2, 5, 32, 70}) {
    for (int op = 0; op < 4; ++op) {
      std::vector<Array> seen[2];
      for (const int count : {1, 2}) {
        set_threads(count);
        Rng rng(4);
        const std::size_t d = 64;
        const Tensor x = normal(rng, {batch, 9, d});
        std::vector<Tensor> all{x};
        Tape tape;
        Tensor y;
        if (op < 3) {
          const RecurrentParameters p = parameters(rng, kCells[op], d, d);
          all.insert(all.end(), {p.w_x, p.w_h, p.b_x, p.b_h});
          y = recurrent(Run{.tape = &tape}, kCells[op], x, p).hidden;
        } else {
          all.insert(all.end(), {normal(rng, {3, d, d}), normal(rng, {d})});
          y = convolution(Run{.tape = &tape}, x, all[1], all[2]);
        }
        tape.backward(y, rng.normal(y.shape(), 1));
        seen[count - 1].push_back(y.value());
        for (const Tensor& t : all) seen[count - 1].push_back(t.grad());
      }
      for (std::size_t i = 0; i < seen[0].size(); ++i) {
        INFO("batch " << batch << ", op " << op << ", array " << i);
        CHECK(largest_difference(seen[0][i], seen[1][i]) <=
              real{1e-4} * largest_magnitude(seen[0][i]));
      }
    }
  }
}

TEST_CASE("recurrent: very large sums saturate, and NaN stays NaN") {
  Rng rng(5);
  for (const Cell cell : kCells) {
    const RecurrentParameters p = parameters(rng, cell, 2, 3);
    for (const real size : {real{1e4}, real{-1e4}, real{1e30}}) {
      const Array y = recurrent(Run{}, cell, Tensor(full({5, 2}, size)), p).hidden.value();
      for (const real h : y) CHECK(std::abs(h) <= 1);
    }
    Array x = rng.normal({3, 2}, 1);
    x(1, 0) = kNaN;
    const Array y = recurrent(Run{}, cell, Tensor(x), p).hidden.value();
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK_FALSE(std::isnan(y(0, j)));
      CHECK(std::isnan(y(1, j)));
      CHECK(std::isnan(y(2, j)));
    }
  }
}

TEST_CASE("recurrent: with a trace or without, the same bits; only an lstm shows a cell") {
  Rng rng(6);
  for (const Cell cell : kCells) {
    const RecurrentParameters p = parameters(rng, cell, 3, 4);
    const Tensor x(rng.normal({2, 5, 3}, 1));
    Trace trace;
    const RecurrentResult watched = recurrent(Run{.trace = &trace}, cell, x, p);
    CHECK(same_bits(watched.hidden.value(), recurrent(Run{}, cell, x, p).hidden.value()));
    CHECK(watched.gates.shape() == Shape{2, 5, 4 * gates_of(cell)});
    CHECK(bool(watched.cell) == (cell == Cell::lstm));
  }
}

TEST_CASE("convolution: equals the formula, loop by loop") {
  Rng rng(7);
  for (int i = 0; i < 40; ++i) {
    const std::size_t batch = 1 + rng.below(3), time = 1 + rng.below(9), in = 1 + rng.below(5),
                      out = 1 + rng.below(5);
    const std::size_t kernel = 1 + rng.below(5), dilation = 1 + rng.below(3);
    const bool causal = rng.below(2) == 1;
    const Array x = rng.normal({batch, time, in}, 1), w = rng.normal({kernel, in, out}, 1),
                b = rng.normal({out}, 1);
    const int own = causal ? int(kernel) - 1 : int(kernel) / 2;
    Array expected = empty({batch, time, out});
    for (std::size_t s = 0; s < batch; ++s) {
      for (int t = 0; t < int(time); ++t) {
        for (std::size_t c = 0; c < out; ++c) {
          double sum = b(c);
          for (int j = 0; j < int(kernel); ++j) {
            const int from = t + (j - own) * int(dilation);
            for (std::size_t l = 0; from >= 0 && from < int(time) && l < in; ++l)
              sum += double{x(s, from, l)} * w(j, l, c);
          }
          expected(s, t, c) = static_cast<real>(sum);
        }
      }
    }
    const Tensor y = convolution(Run{}, Tensor(x), Tensor(w), Tensor(b), dilation, causal);
    CHECK(largest_difference(y.value(), expected) < 1e-5);
  }
}

TEST_CASE("convolution: a dilation longer than the sequence leaves the position itself") {
  Rng rng(8);
  const Tensor x(rng.normal({4, 2}, 1)), w(rng.normal({3, 2, 3}, 1)), b(rng.normal({3}, 1));
  Array own = empty({2, 3});
  std::copy_n(w.value().data() + 6, 6, own.data());
  CHECK(largest_difference(convolution(Run{}, x, w, b, 1000).value(),
                           linear(Run{}, x, Tensor(own), b).value()) < 1e-6);
}

TEST_CASE("layer_norm: every row gets mean 0 and variance 1, however far from 0 it lies") {
  Rng rng(9);
  for (const std::size_t d : {2, 3, 16, 33, 64, 100}) {
    for (const real far : {real{0}, real{1000}}) {
      Array x = rng.normal({4, d}, 1);
      for (real& number : x) number += far;
      const Array y =
          layer_norm(Run{}, Tensor(x), Tensor(full({d}, 1)), Tensor(zeros({d})), 1e-12).value();
      for (std::size_t i = 0; i < 4; ++i) {
        double mean = 0, variance = 0;
        for (const real number : row(y, i)) mean += number / double(d);
        for (const real number : row(y, i))
          variance += (number - mean) * (number - mean) / double(d);
        CHECK(std::abs(mean) < (far == 0 ? 1e-6 : 2e-4));
        CHECK(variance == doctest::Approx(1).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("norms: numbers far from 0 keep the digits that double gives") {
  // The offset is up to 1e6 times the deviation: years, temperatures, prices.
  Rng rng(19);
  for (const std::size_t d : {2, 3, 5, 8, 17, 64, 200}) {
    for (const double far : {0.0, -1.0, 37.0, 300.0, 2000.0, 1e5, -1e6}) {
      Array x = rng.normal({6, d}, 1);
      for (real& number : x) number += static_cast<real>(far);
      const Tensor gain(rng.normal({d}, 1)), bias(rng.normal({d}, 1));
      const auto exact = [&](const std::vector<std::size_t>& of, std::size_t i, std::size_t c) {
        double mean = 0, variance = 0;
        for (const std::size_t at : of) mean += x.data()[at] / double(of.size());
        for (const std::size_t at : of)
          variance += std::pow(x.data()[at] - mean, 2) / double(of.size());
        return gain.value().data()[c] * (x.data()[i * d + c] - mean) / std::sqrt(variance + 1e-5) +
               bias.value().data()[c];
      };
      const Array by_row = layer_norm(Run{}, Tensor(x), gain, bias).value(),
                  by_column = batch_norm(Run{}, Tensor(x), gain, bias).value();
      double worst = 0;
      for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t c = 0; c < d; ++c) {
          std::vector<std::size_t> row, column;
          for (std::size_t k = 0; k < d; ++k) row.push_back(i * d + k);
          for (std::size_t k = 0; k < 6; ++k) column.push_back(k * d + c);
          worst = std::max({worst, std::abs(by_row(i, c) - exact(row, i, c)),
                            std::abs(by_column(i, c) - exact(column, i, c))});
        }
      }
      INFO("d ", d, ", offset ", far);
      CHECK(worst < 1e-5);
    }
  }
}

TEST_CASE("dropout: keeps the mean, drops about as many as asked, and scales the rest") {
  for (const double rate : {0.1, 0.5, 0.9}) {
    Rng rng(10);
    const Array y = dropout(Run{.rng = &rng}, Tensor(full({200, 100}, 1)), rate).value();
    double sum = 0, dropped = 0;
    for (const real number : y) {
      sum += number;
      dropped += number == 0;
      if (number != 0) CHECK(number == doctest::Approx(1 / (1 - rate)));
    }
    CHECK(dropped / 20000 == doctest::Approx(rate).epsilon(0.05));
    CHECK(sum / 20000 == doctest::Approx(1).epsilon(0.05));
  }
}

TEST_CASE("dropout: without a generator or with rate 0 it is x itself; rate 1 drops all") {
  Rng rng(11);
  const Tensor x(rng.normal({3, 4}, 1));
  CHECK(dropout(Run{}, x, 0.5).id() == x.id());
  const auto before = rng.position();
  CHECK(dropout(Run{.rng = &rng}, x, 0).id() == x.id());
  CHECK(rng.position() == before);
  CHECK(largest_difference(dropout(Run{.rng = &rng}, x, 1).value(), zeros({3, 4})) == 0);
  for (const double rate : {-0.1, 1.1, std::nan("")})
    CHECK_THROWS_AS(dropout(Run{}, x, rate), Error);
}
