#pragma once
// The layers of Table 1 of "Attention is all you need", and what one of them costs at one size.
#include <functional>
#include <string>

#include "attn/core/rng.h"
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn::app {

/// Taps of the convolution.
inline constexpr std::size_t kKernel = 3;

/// A row of Table 1. The powers of n and d are what the paper claims of the cost.
struct Layer {
  const char* name;
  const char* cost;
  const char* steps;
  const char* path;
  double power_n, power_d;
};

inline constexpr Layer kLayers[] = {
    {"attention", "O(n^2 d)", "O(1)", "O(1)", 2, 1},
    {"restricted", "O(r n d)", "O(1)", "O(n/r)", 1, 1},
    {"rnn", "O(n d^2)", "O(n)", "O(n)", 1, 2},
    {"lstm", "O(n d^2)", "O(n)", "O(n)", 1, 2},
    {"cnn", "O(k n d^2)", "O(1)", "O(n/k); dilated O(log_k n)", 1, 2},
};

struct Place {
  std::size_t n, d;
};

/// One layer at one size: x in, the same shape out.
using Pass = std::function<Tensor(const Run&)>;

Pass pass(const std::string& name, const Tensor& x, Rng rng, std::size_t radius);

/// Bytes that a pass holds at once, for the limit. Parameters included.
double bytes(const std::string& name, const Place& p, std::size_t radius);
/// Steps that must wait for one another.
double steps(const std::string& name, const Place& p);
/// Layers or time steps that a signal passes from input 0 to output n-1 (docs/notation.md).
double path(const std::string& name, const Place& p, std::size_t radius);

struct Measured {
  double milliseconds = 0, operations = 0, bytes = 0;
};

/// Median time of at most `repeat` passes, operations counted by the ops, bytes kept for the way
/// back.
Measured measure(const Pass& run_once, const Tensor& x, std::int64_t repeat);

}  // namespace attn::app
