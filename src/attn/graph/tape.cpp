#include "attn/graph/tape.h"

#include <fmt/format.h>

#include "attn/core/error.h"

namespace attn {

void Tape::backward(const Tensor& y, const Array& seed) {
  if (shape_of(seed) != y.shape()) {
    throw Error(ErrorKind::usage,
                fmt::format("backward from a result of shape {} with a seed of shape {}",
                            to_string(y.shape()), to_string(shape_of(seed))),
                "the seed is d loss / d result: it has the result's shape");
  }
  if (y.needs_grad()) {
    Array& gradient = y.grad();
    for (std::size_t i = 0; i < seed.size(); ++i) gradient.data()[i] += seed.data()[i];
  }
  for (; !steps_.empty(); steps_.pop_back()) steps_.back()();
}

}  // namespace attn
