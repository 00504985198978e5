#pragma once
// Gradients against central differences. Only in the double build: a float has too few digits.
#include <functional>
#include <string>
#include <vector>

#include "attn/core/rng.h"
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

#ifndef ATTN_REAL_DOUBLE
#error "the gradient tests belong to the build with ATTN_REAL_DOUBLE"
#endif

namespace attn::gradient {

using Inputs = std::vector<Tensor>;
/// An op or a composition of ops as a function of its tensors alone.
using Function = std::function<Tensor(const Run&, const Inputs&)>;

/// Relative error that an op's gradient may have. A difference with step 1e-6 is exact to about
/// 1e-9.
constexpr double kTolerance = 1e-7;

/// Largest error of the gradient of sum(seed * f(x)), over every number of every input that needs a
/// gradient: |gradient - (f(x + h) - f(x - h)) / 2h| over the largest such difference of that
/// input. The seed is random, so that an error in one number of the result is not cancelled by
/// another.
double worst_error(const Function& f, const Inputs& inputs, Rng& rng);

/// Draws the sizes and numbers of one case. The first case of each op has every size 1.
class Dice {
 public:
  Dice(std::uint64_t seed, bool ones) : rng_(seed), ones_(ones) {}

  std::size_t size() { return ones_ ? 1 : 1 + rng_.below(5); }
  std::size_t below(std::size_t n) { return rng_.below(n); }
  Rng& rng() { return rng_; }

  /// Normal numbers whose gradient is checked.
  Tensor normal(const Shape& shape, double deviation = 1) {
    return Tensor::parameter(rng_.normal(shape, deviation));
  }
  /// The same, but at least 0.1 away from 0, where a kink may be.
  Tensor away_from_zero(const Shape& shape);
  /// Numbers in [0.1, 1.1), as weights.
  Tensor positive(const Shape& shape);
  /// Constants: no gradient.
  Tensor ids(std::size_t n, std::size_t vocabulary);
  Tensor zeros_and_ones(const Shape& shape);
  /// 0 or -inf, both about equally often; may mask whole rows.
  Tensor mask(const Shape& shape);

 private:
  Rng rng_;
  bool ones_;
};

struct Case {
  Inputs inputs;
  Function f;
};

/// One row per op of ops.h that has a gradient.
struct Row {
  std::string name;
  std::function<Case(Dice&)> make;
};
const std::vector<Row>& table();

}  // namespace attn::gradient
