#pragma once
#include <vector>

#include "matrix.h"

/// gain (x - mean) / sqrt(variance + eps) + bias, with the mean and variance of each row.
/// x (n, d), gain and bias (d) -> (n, d)
Matrix layer_norm(const Matrix& x, const std::vector<double>& gain, const std::vector<double>& bias,
                  double eps);

// What the tests call.
#define EXERCISE_FUNCTIONS layer_norm
