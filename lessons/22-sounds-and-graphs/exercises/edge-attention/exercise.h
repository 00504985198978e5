#pragma once
#include "matrix.h"

/// The weights of attention along the edges of a graph: in each row a softmax of the scores of the
/// node's neighbours and of itself, 0 for all others.
/// scores (n, n), edges (m, 2): each row holds two nodes, counted from 0, that are joined both ways
/// -> (n, n)
Matrix edge_weights(const Matrix& scores, const Matrix& edges);

/// The weighted sum of the nodes' vectors. h (n, d) -> (n, d)
Matrix edge_attention(const Matrix& scores, const Matrix& edges, const Matrix& h);

// What the tests call.
#define EXERCISE_FUNCTIONS edge_weights, edge_attention
