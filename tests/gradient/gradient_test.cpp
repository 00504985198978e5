#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "attn/graph/tape.h"
#include "attn/ops/ops.h"
#include "check.h"

using namespace attn;
using namespace attn::gradient;

namespace {

/// The names of ops.h, read from the header itself: a new op without a row must fail a test.
std::set<std::string> declared_ops() {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  std::set<std::string> names;
  for (const char* file : {"ops.h", "recurrent.h"}) {
    std::ifstream header(root / "src" / "attn" / "ops" / file);
    REQUIRE_MESSAGE(header.good(), file << " must be readable from the test");
    for (std::string line; std::getline(header, line);) {
      const std::size_t open = line.find("(const Run& run");
      if (open == std::string::npos) continue;
      const std::size_t space = line.rfind(' ', open);
      names.insert(line.substr(space + 1, open - space - 1));
    }
  }
  return names;
}

/// y = x^2 elementwise, with a gradient of `factor` x: right only for 2.
Tensor square(const Run& run, const Tensor& x, double factor) {
  Array out = x.value();
  for (real& value : out) value *= value;
  Tensor y = Tensor::result(std::move(out), run.tape != nullptr);
  if (run.tape) {
    run.tape->push([=] {
      for (std::size_t i = 0; i < x.value().size(); ++i) {
        x.grad().data()[i] += factor * x.value().data()[i] * y.grad().data()[i];
      }
    });
  }
  return y;
}

Tensor attention(const Run& run, const Inputs& x, std::size_t heads, const Tensor& mask) {
  const auto split = [&](std::size_t w, std::size_t b) {
    return split_heads(run, linear(run, x[0], x[w], x[b]), heads);
  };
  const Tensor q = split(1, 2), k = split(3, 4), v = split(5, 6);
  const double c = 1 / std::sqrt(static_cast<double>(q.shape().back()));
  const Tensor a = softmax(run, matmul_nt(run, q, k, c), mask);
  return linear(run, merge_heads(run, matmul(run, a, v)), x[7], x[8]);
}

}  // namespace

TEST_CASE("gradient: every op agrees with central differences") {
  for (const Row& row : table()) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Dice dice(seed, seed == 0);
      const Case drawn = row.make(dice);
      const double error = worst_error(drawn.f, drawn.inputs, dice.rng());
      INFO(row.name << ", case " << seed << ", first input " << to_string(drawn.inputs[0].shape()));
      CHECK(error < kTolerance);
    }
  }
}

TEST_CASE("gradient: the table has every op of ops.h that has one, and no other") {
  std::set<std::string> expected = declared_ops();
  CHECK(expected.size() > 20);
  for (const char* name :
       {"one_hot", "naive_softmax", "hardmax", "sample_rows", "halting_stop", "spectrum"}) {
    CHECK_MESSAGE(expected.erase(name) == 1, name);
  }
  std::set<std::string> rows;
  for (const Row& row : table()) rows.insert(row.name);
  for (const std::string& name : expected) CHECK_MESSAGE(rows.count(name), "no row for " << name);
  for (const std::string& name : rows)
    CHECK_MESSAGE(expected.count(name), name << " is not in ops.h");
}

TEST_CASE("gradient: multi-head attention with a causal mask agrees with central differences") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Dice dice(100 + seed, seed == 0);
    const std::size_t heads = dice.size(), d = heads * dice.size(), n = dice.size();
    Inputs x{dice.normal({dice.size(), n, d})};
    for (int i = 0; i < 4; ++i) {
      x.push_back(dice.normal({d, d}, 1 / std::sqrt(static_cast<double>(d))));
      x.push_back(dice.normal({d}));
    }
    Array mask = zeros({n, n});
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) mask(i, j) = -std::numeric_limits<real>::infinity();
    }
    const Function f = [&](const Run& run, const Inputs& in) {
      return attention(run, in, heads, Tensor(mask));
    };
    CHECK(worst_error(f, x, dice.rng()) < kTolerance);
  }
}

TEST_CASE("gradient: a row with nothing to look at gives gradient 0, not NaN") {
  Rng rng(5);
  const real minus_infinity = -std::numeric_limits<real>::infinity();
  const Tensor s = Tensor::parameter(rng.normal({2, 3}, 1));
  const Tensor mask(matrix({{minus_infinity, minus_infinity, minus_infinity}, {0, 0, 0}}));
  Tape tape;
  const Tensor y = softmax(Run{.tape = &tape}, s, mask);
  tape.backward(y, rng.normal({2, 3}, 1));
  for (std::size_t j = 0; j < 3; ++j) CHECK(s.grad()(0, j) == 0);
  CHECK(s.grad()(1, 0) != 0);
}

TEST_CASE("gradient: an input that needs none gets none") {
  Rng rng(6);
  const Tensor x = Tensor::input(rng.normal({2, 3}, 1)),
               w = Tensor::parameter(rng.normal({3, 2}, 1));
  Tape tape;
  const Tensor y = linear(Run{.tape = &tape}, x, w);
  tape.backward(y, rng.normal({2, 2}, 1));
  CHECK(largest_difference(x.grad(), zeros({2, 3})) == 0);
  CHECK(largest_difference(w.grad(), zeros({3, 2})) > 0);
}

TEST_CASE("gradient: the checker passes a right gradient") {
  Dice dice(7, false);
  const Inputs x{dice.normal({3, 4})};
  CHECK(worst_error([](const Run& run, const Inputs& in) { return square(run, in[0], 2); }, x,
                    dice.rng()) < kTolerance);
}

TEST_CASE("gradient: the checker catches a wrong gradient") {
  Dice dice(8, false);
  const Inputs x{dice.normal({3, 4})};
  for (const double factor : {0.0, 1.0, -2.0, 2.00001}) {
    const Function f = [&](const Run& run, const Inputs& in) { return square(run, in[0], factor); };
    CHECK(worst_error(f, x, dice.rng()) > kTolerance);
  }
}

TEST_CASE("gradient: the checker catches one wrong number among many, and NaN") {
  Dice dice(9, false);
  const Inputs x{dice.normal({40})};
  for (const double wrong : {1e-3, std::numeric_limits<double>::quiet_NaN()}) {
    const Function f = [&](const Run& run, const Inputs& in) {
      const Tensor y = square(run, in[0], 2);
      if (run.tape) run.tape->push([=] { in[0].grad().data()[17] += wrong; });
      return y;
    };
    CHECK(worst_error(f, x, dice.rng()) > kTolerance);
  }
}
