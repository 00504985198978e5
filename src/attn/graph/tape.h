#pragma once
#include <functional>
#include <vector>

#include "attn/graph/tensor.h"

namespace attn {

/// What a forward pass left to do on the way back: one closure per op, played in reverse. Program
/// order is already a topological order. Closures live here, never in a tensor.
class Tape {
 public:
  void push(std::function<void()> backward) { steps_.push_back(std::move(backward)); }

  /// Adds d(sum of seed * y)/dx to the gradient of every x that y came from, and forgets the pass
  /// step by step: what nobody else holds is freed, and its memory serves the steps before. `seed`
  /// has the shape of y (a single 1 for a loss). Throws Error if it does not.
  void backward(const Tensor& y, const Array& seed);

  std::size_t size() const { return steps_.size(); }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace attn
