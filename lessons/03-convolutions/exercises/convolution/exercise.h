#pragma once
#include <vector>

#include "matrix.h"

/// out[t] = bias + sum over j of x[t + j - k/2] taps[j], with zeros beyond the ends.
/// x (n, c_in), k taps of (c_in, c_out), bias (c_out) -> (n, c_out)
Matrix convolution(const Matrix& x, const std::vector<Matrix>& taps,
                   const std::vector<double>& bias);

// What the tests call.
#define EXERCISE_FUNCTIONS convolution
