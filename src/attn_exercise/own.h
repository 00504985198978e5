#pragma once
// attn's own functions on the matrices of the exercises, so that a test can compare with them
// without the time that it takes to compile attn's headers.
#include <cstddef>
#include <vector>

#include "attn_exercise/matrix.h"

namespace own {

/// softmax of every row.
Matrix softmax(const Matrix& scores);
/// softmax(Q K^T / sqrt(d_k) + mask) V. An empty mask hides nothing.
Matrix attend(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& mask = {});
/// (n, H d) as H matrices (n, d), and back.
std::vector<Matrix> split_heads(const Matrix& x, std::size_t heads);
Matrix merge_heads(const std::vector<Matrix>& heads);
Matrix sinusoids(std::size_t n, std::size_t d);
/// Gain and bias are one number per column.
Matrix layer_norm(const Matrix& x, const std::vector<double>& gain, const std::vector<double>& bias,
                  double eps);
/// Cross-correlation of x (n, c_in) with k taps (c_in, c_out), zeros beyond the ends, and a bias.
Matrix convolution(const Matrix& x, const std::vector<Matrix>& taps,
                   const std::vector<double>& bias);

/// A picture, h times (w, c), cut into squares: (h w / side^2, side^2 c).
Matrix patches(const std::vector<Matrix>& picture, std::size_t side);

/// The states behind each row of x; w_x (d, 4h), w_h (h, 4h), b (4h): gates i, f, g, o.
struct LstmStates {
  Matrix h, c;
};
LstmStates lstm(const Matrix& x, const Matrix& w_x, const Matrix& w_h,
                const std::vector<double>& b);

}  // namespace own
