#include "check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/graph/tape.h"

namespace attn::gradient {

double worst_error(const Function& f, const Inputs& inputs, Rng& rng) {
  for (const Tensor& x : inputs) x.clear_grad();
  Tape tape;
  const Tensor y = f(Run{.tape = &tape}, inputs);
  const Array seed = rng.normal(y.shape(), 1);
  tape.backward(y, seed);

  const auto value = [&] {
    const Tensor again = f(Run{}, inputs);
    double sum = 0;
    for (std::size_t i = 0; i < seed.size(); ++i) sum += seed.data()[i] * again.value().data()[i];
    return sum;
  };
  double worst = 0;
  for (Tensor x : inputs) {
    if (!x.needs_grad()) continue;
    double error = 0, largest = 0.1;  // a gradient that is all 0 (the bias of K) has only rounding
    for (std::size_t i = 0; i < x.value().size(); ++i) {
      real& number = x.mutable_value().data()[i];
      const real before = number, step = 1e-6;
      number = before + step;
      const double above = value();
      number = before - step;
      const double below = value();
      number = before;
      const double difference = (above - below) / (2 * step);
      error = std::max(error, std::abs(difference - x.grad().data()[i]));
      largest = std::max(largest, std::abs(difference));
      if (std::isnan(x.grad().data()[i])) return std::numeric_limits<double>::infinity();
    }
    worst = std::max(worst, error / largest);
  }
  return worst;
}

Tensor Dice::away_from_zero(const Shape& shape) {
  Array out = rng_.normal(shape, 1);
  for (real& x : out) x += std::copysign(0.1, x);
  return Tensor::parameter(std::move(out));
}

Tensor Dice::positive(const Shape& shape) {
  Array out = empty(shape);
  for (real& x : out) x = 0.1 + rng_.uniform();
  return Tensor::parameter(std::move(out));
}

Tensor Dice::ids(std::size_t n, std::size_t vocabulary) {
  Array out = empty({n});
  for (real& x : out) x = static_cast<real>(rng_.below(vocabulary));
  return Tensor::ids(std::move(out));
}

Tensor Dice::zeros_and_ones(const Shape& shape) {
  Array out = empty(shape);
  for (real& x : out) x = static_cast<real>(rng_.below(2));
  return Tensor(std::move(out));
}

Tensor Dice::mask(const Shape& shape) {
  Array out = empty(shape);
  for (real& x : out) x = rng_.below(2) ? 0 : -std::numeric_limits<real>::infinity();
  return Tensor(std::move(out));
}

}  // namespace attn::gradient
