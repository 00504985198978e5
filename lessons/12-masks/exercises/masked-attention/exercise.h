#pragma once
#include "matrix.h"

/// The mask with which a position sees itself and what stands before it: 0 where query i may look
/// at key j, minus infinity where it may not. -> (n, n)
Matrix causal_mask(std::size_t n);

/// softmax(q k^T / sqrt(d_k) + mask) v.
/// q (n, d_k), k (m, d_k), v (m, d_v), mask (n, m) -> (n, d_v)
Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask);

// What the tests call.
#define EXERCISE_FUNCTIONS causal_mask, attention
