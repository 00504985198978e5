#pragma once
#include "matrix.h"

/// One head of self-attention, the whole way. x (n, d), w_q and w_k (d, d_k), w_v (d, d_v)
/// -> (n, d_v)
Matrix self_attention(const Matrix& x, const Matrix& w_q, const Matrix& w_k, const Matrix& w_v);

// What the tests call.
#define EXERCISE_FUNCTIONS self_attention
