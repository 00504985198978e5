#pragma once
#include <vector>

#include "matrix.h"

/// One matrix for each head; head h has the columns h d .. h d + d - 1. x (n, H d) -> H times (n,
/// d)
std::vector<Matrix> split_heads(const Matrix& x, std::size_t heads);

/// The heads side by side again. H times (n, d) -> (n, H d)
Matrix merge_heads(const std::vector<Matrix>& heads);

// What the tests call.
#define EXERCISE_FUNCTIONS split_heads, merge_heads
