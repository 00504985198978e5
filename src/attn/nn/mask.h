#pragma once
#include "attn/graph/tensor.h"

namespace attn {

// Additive masks (n,n): 0 where a query may look at a key, -inf where it may not.

/// A query sees itself and what stands before it: j <= i.
Array causal_mask(std::size_t n);
/// A query sees at most `radius` neighbours on each side: |i - j| <= radius.
Array local_mask(std::size_t n, std::size_t radius);
/// Nobody looks at the last `padding` keys. Their own rows stay: what a padded position computes is
/// simply not used. Throws Error(usage) if padding > n.
Array padding_mask(std::size_t n, std::size_t padding);
/// The edges of a graph: i sees j and j sees i for every row (i, j) of `edges` (m,2), and every
/// node sees itself. Velickovic et al. 2018, "Graph attention networks", section 2.1. Throws
/// Error(bad_input) for another width, or a node that is no whole number in 0 .. n-1.
Array graph_mask(std::size_t n, const Array& edges);

/// The same from a matrix, or one for each graph of a batch: 0 where edges is 1 (row i may look at
/// node j) and for every node itself. `front` more places stand before the nodes, see all and are
/// seen by all. edges (...,n,n) -> (...,heads,m,m), without the axis of the heads if heads is 0.
Array edge_mask(const Array& edges, std::size_t front = 0, std::size_t heads = 0);

/// 1 where the mask is 0, 0 where it is -inf.
Array kept(const Array& mask);

}  // namespace attn
