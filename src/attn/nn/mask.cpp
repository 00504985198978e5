#include "attn/nn/mask.h"
#include "attn/core/how_many.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/core/error.h"

namespace attn {

namespace {

constexpr real kHidden = -std::numeric_limits<real>::infinity();

template <class Sees>
Array mask_where(std::size_t n, Sees sees) {
  Array mask = empty({n, n});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) mask.data()[i * n + j] = sees(i, j) ? 0 : kHidden;
  }
  return mask;
}

}  // namespace

Array causal_mask(std::size_t n) {
  return mask_where(n, [](std::size_t i, std::size_t j) { return j <= i; });
}

Array local_mask(std::size_t n, std::size_t radius) {
  return mask_where(
      n, [=](std::size_t i, std::size_t j) { return (i < j ? j - i : i - j) <= radius; });
}

Array padding_mask(std::size_t n, std::size_t padding) {
  if (padding > n) {
    throw Error(ErrorKind::usage, fmt::format("padding:{} for {}", padding, how_many(n, "token")),
                fmt::format("the padding is part of the tokens: choose 0 to {}", n));
  }
  return mask_where(n, [=](std::size_t, std::size_t j) { return j < n - padding; });
}

Array graph_mask(std::size_t n, const Array& edges) {
  if (edges.shape().size() != 2 || edges.shape()[1] != 2) {
    throw Error(ErrorKind::bad_input,
                fmt::format("edges of shape {}, expected two columns", to_string(shape_of(edges))),
                "write one edge per line: the two nodes it joins, counted from 0");
  }
  Array mask = mask_where(n, [](std::size_t i, std::size_t j) { return i == j; });
  for (std::size_t e = 0; e < edges.shape()[0]; ++e) {
    for (std::size_t side = 0; side < 2; ++side) {
      const real node = edges.data()[2 * e + side];
      if (!(node >= 0) || node >= static_cast<real>(n) || node != std::floor(node)) {
        throw Error(
            ErrorKind::bad_input,
            fmt::format("edge {}: node {} is not one of 0 to {}", e + 1, node, n == 0 ? 0 : n - 1),
            "nodes are the tokens, counted from 0");
      }
    }
    const auto i = static_cast<std::size_t>(edges.data()[2 * e]);
    const auto j = static_cast<std::size_t>(edges.data()[2 * e + 1]);
    mask.data()[i * n + j] = mask.data()[j * n + i] = 0;
  }
  return mask;
}

Array edge_mask(const Array& edges, std::size_t front, std::size_t heads) {
  Shape shape = shape_of(edges);
  const std::size_t n = shape.back(), m = n + front, copies = std::max<std::size_t>(heads, 1),
                    graphs = n == 0 ? 0 : edges.size() / (n * n);
  shape.resize(shape.size() - 2);
  if (heads > 0) shape.push_back(heads);
  shape.insert(shape.end(), {m, m});
  Array mask = empty(shape);
  real* to = mask.data();
  for (std::size_t k = 0; k < graphs; ++k) {
    const real* graph = edges.data() + k * n * n;
    const Array one = mask_where(m, [&](std::size_t i, std::size_t j) {
      return i == j || i < front || j < front || graph[(i - front) * n + j - front] != 0;
    });
    for (std::size_t copy = 0; copy < copies; ++copy) to = std::copy_n(one.data(), m * m, to);
  }
  return mask;
}

Array kept(const Array& mask) {
  Array out = mask;
  for (real& value : out) value = value == 0 ? 1 : 0;
  return out;
}

}  // namespace attn
