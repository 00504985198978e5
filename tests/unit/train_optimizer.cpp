// Optimizers against their algorithms written out in double, and the schedules' values.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "attn/core/rng.h"
#include "attn/train/optimizer.h"

using namespace attn;

namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;

/// Parameters of several shapes: shorter and longer than a register, and one number.
Named some_parameters(Rng& rng) {
  Named out;
  for (const Shape& shape : {Shape{3, 5}, Shape{37}, Shape{1}, Shape{2, 16}}) {
    out.emplace_back("p" + std::to_string(out.size()), Tensor::parameter(rng.normal(shape, 1)));
  }
  return out;
}

std::vector<double> all_numbers(const Named& parameters) {
  std::vector<double> out;
  for (const auto& [name, p] : parameters)
    out.insert(out.end(), p.value().begin(), p.value().end());
  return out;
}

void set_gradients(const Named& parameters, const std::vector<double>& g) {
  std::size_t i = 0;
  for (const auto& [name, p] : parameters) {
    for (real& number : p.grad()) number = static_cast<real>(g[i++]);
  }
}

/// The algorithms as their papers print them; m and v start at 0.
struct Reference {
  OptimizerOptions o;
  std::vector<double> p, m, v;
  double t = 0;

  void step(std::vector<double> g, double factor) {
    double squares = 0;
    for (const double x : g) squares += x * x;
    const double norm = std::sqrt(squares), rate = o.rate * factor;
    t += 1;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (o.clip > 0 && norm > o.clip) g[i] *= o.clip / norm;
      if (o.kind == "sgd") {
        m[i] = o.momentum * m[i] + g[i];
        p[i] -= rate * m[i];
        continue;
      }
      if (o.kind == "adamw") p[i] -= rate * o.weight_decay * p[i];
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * g[i];
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(o.beta1, t)),
                   v_hat = v[i] / (1 - std::pow(o.beta2, t));
      p[i] -= rate * m_hat / (std::sqrt(v_hat) + o.eps);
    }
  }
};

}  // namespace

TEST_CASE("optimizer: fifty steps follow the algorithm") {
  for (const char* kind : {"adam", "adamw", "sgd"}) {
    for (const double clip : {0.0, 2.0}) {
      for (const double eps : {1e-8, 0.1}) {
        Rng rng(1);
        OptimizerOptions options{
            .kind = kind, .rate = 0.02, .eps = eps, .weight_decay = 0.3, .clip = clip};
        Named parameters = some_parameters(rng);
        Optimizer optimizer(options, parameters);
        Reference reference{options, all_numbers(parameters), {}, {}};
        reference.m.assign(reference.p.size(), 0);
        reference.v.assign(reference.p.size(), 0);
        for (int step = 1; step <= 50; ++step) {
          // Towards 0.5, with noise; large at first, small later: clipped in some steps only.
          std::vector<double> g(reference.p.size());
          for (std::size_t i = 0; i < g.size(); ++i)
            g[i] = static_cast<real>((reference.p[i] - 0.5 + 0.2 * rng.normal()) * 3 / step);
          set_gradients(parameters, g);
          const double factor = 1.0 / (1 + 0.05 * step);
          double squares = 0;
          for (const double x : g) squares += x * x;
          CHECK(optimizer.step(factor) == doctest::Approx(std::sqrt(squares)).epsilon(1e-5));
          reference.step(g, factor);
        }
        const std::vector<double> got = all_numbers(parameters);
        double worst = 0;
        for (std::size_t i = 0; i < got.size(); ++i)
          worst = std::max(worst, std::abs(got[i] - reference.p[i]));
        INFO(kind << ", clip " << clip << ", eps " << eps);
        CHECK(worst < 2e-5);
        CHECK(optimizer.steps() == 50);
      }
    }
  }
}

TEST_CASE("optimizer: the first step of adam is the rate, against the gradient's sign") {
  Named p{{"p", Tensor::parameter(zeros({3}))}};
  Optimizer optimizer({.rate = 0.5, .clip = 0}, p);
  set_gradients(p, {1000, -0.001, 0});
  optimizer.step(1);
  CHECK(p[0].second.value()(0) == doctest::Approx(-0.5));
  CHECK(p[0].second.value()(1) == doctest::Approx(0.5).epsilon(1e-4));
  CHECK(p[0].second.value()(2) == 0);
}

TEST_CASE("optimizer: clipping scales all gradients together to the norm asked for") {
  Named p{{"a", Tensor::parameter(zeros({1}))}, {"b", Tensor::parameter(zeros({1}))}};
  Optimizer optimizer({.kind = "sgd", .rate = 1, .momentum = 0, .clip = 1}, p);
  set_gradients(p, {3, 4});
  CHECK(optimizer.step(1) == doctest::Approx(5));
  CHECK(p[0].second.value()(0) == doctest::Approx(-0.6));
  CHECK(p[1].second.value()(0) == doctest::Approx(-0.8));
  set_gradients(p, {0.3, 0.4});  // shorter than 1: as it is
  optimizer.step(1);
  CHECK(p[0].second.value()(0) == doctest::Approx(-0.9));
  set_gradients(p, {3e25, 4e25});  // its square is beyond a float
  CHECK(optimizer.step(1) == doctest::Approx(5e25));
  CHECK(p[0].second.value()(0) == doctest::Approx(-1.5));
}

TEST_CASE("optimizer: a gradient that is not finite changes nothing") {
  for (const char* kind : {"adam", "adamw", "sgd"}) {
    for (const real bad :
         {std::numeric_limits<real>::quiet_NaN(), std::numeric_limits<real>::infinity()}) {
      Rng rng(2);
      Named p = some_parameters(rng);
      Optimizer optimizer({.kind = kind}, p);
      std::vector<double> g(all_numbers(p).size(), 0.1);
      set_gradients(p, g);
      optimizer.step(1);
      const std::vector<double> before = all_numbers(p);
      std::vector<Array> state;
      for (const auto& [name, array] : optimizer.state()) state.push_back(*array);
      g[40] = bad;
      set_gradients(p, g);
      CHECK_FALSE(std::isfinite(optimizer.step(1)));
      CHECK(all_numbers(p) == before);
      CHECK(optimizer.steps() == 1);
      for (std::size_t i = 0; i < state.size(); ++i)
        CHECK(largest_difference(*optimizer.state()[i].second, state[i]) == 0);
    }
  }
}

TEST_CASE("optimizer: goes on from a saved state as if it had never stopped") {
  for (const char* kind : {"adam", "sgd"}) {
    Rng rng(3), again(3);
    Named p = some_parameters(rng), q = some_parameters(again);
    Optimizer whole({.kind = kind}, p), first({.kind = kind}, q);
    const std::vector<double> g(all_numbers(p).size(), 0.25);
    const auto step = [&](Optimizer& optimizer, const Named& of) {
      set_gradients(of, g);
      optimizer.step(1);
    };
    for (int i = 0; i < 6; ++i) step(whole, p);
    for (int i = 0; i < 3; ++i) step(first, q);
    Optimizer second({.kind = kind}, q);
    auto from = first.state(), to = second.state();
    REQUIRE(from.size() == to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      CHECK(from[i].first == to[i].first);
      *to[i].second = *from[i].second;
    }
    second.set_steps(first.steps());
    for (int i = 0; i < 3; ++i) step(second, q);
    CHECK(all_numbers(q) == all_numbers(p));
  }
}

TEST_CASE("optimizer: clear_gradients sets every gradient to 0") {
  Rng rng(4);
  Named p = some_parameters(rng);
  Optimizer optimizer({}, p);
  set_gradients(p, std::vector<double>(all_numbers(p).size(), 1));
  optimizer.clear_gradients();
  for (const auto& [name, tensor] : p)
    CHECK(largest_difference(tensor.grad(), zeros(tensor.shape())) == 0);
}

TEST_CASE("schedule: constant is 1, after a warm-up if one is given") {
  const Schedule plain{}, warm{.warmup = 4};
  for (const std::uint64_t step : {1, 10, 100000}) CHECK(plain(step) == 1);
  CHECK(warm(1) == 0.25);
  CHECK(warm(4) == 1);
  CHECK(warm(1000) == 1);
}

TEST_CASE("schedule: warmup rises linearly to 1, then falls as 1/sqrt(step)") {
  const Schedule s{.kind = "warmup", .warmup = 100};
  CHECK(s(1) == doctest::Approx(0.01));
  CHECK(s(50) == doctest::Approx(0.5));
  CHECK(s(100) == doctest::Approx(1));
  CHECK(s(400) == doctest::Approx(0.5));
  CHECK(s(10000) == doctest::Approx(0.1));
  // Vaswani et al. 2017, equation 3, over its largest value
  for (const double step : {3.0, 99.0, 101.0, 5000.0}) {
    const double paper =
        std::min(std::pow(step, -0.5), step * std::pow(100, -1.5)) / std::pow(100, -0.5);
    CHECK(s(static_cast<std::uint64_t>(step)) == doctest::Approx(paper));
  }
  CHECK(Schedule{.kind = "warmup"}(1) == 1);
}

TEST_CASE("schedule: cosine rises linearly to 1, then falls over half a cosine to 0") {
  const Schedule s{.kind = "cosine", .warmup = 10, .total = 110};
  CHECK(s(1) == doctest::Approx(0.1));
  CHECK(s(10) == doctest::Approx(1));
  CHECK(s(35) == doctest::Approx(0.5 * (1 + std::cos(std::numbers::pi / 4))));
  CHECK(s(60) == doctest::Approx(0.5));
  CHECK(s(110) == doctest::Approx(0));
  CHECK(s(500) == doctest::Approx(0));
  CHECK(Schedule{.kind = "cosine", .total = 1}(1) == 1);
}
