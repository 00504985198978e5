#pragma once
// Kernels over one row of contiguous numbers, on SIMD registers. The naive twin of each that is
// more than a loop stands beside it: it is the reference in the tests and what the lessons show.
#include <cstddef>

#include "attn/core/array.h"

namespace attn {

/// How many numbers one register of this build holds.
std::size_t simd_width();

/// y = softmax(s + mask), stable: the row's largest number is subtracted before exp.
///   s, y: n numbers (may be the same memory); mask: n numbers or null.
/// A row whose numbers are all -inf has nothing to look at: y is all 0 (never NaN).
/// A row with NaN or +inf is all NaN.
void softmax_row(const real* s, const real* mask, real* y, std::size_t n);
/// y = exp(s) / sum(exp(s)), as the formula stands: overflows to NaN for s above about 88 (float).
void naive_softmax_row(const real* s, real* y, std::size_t n);

/// ds = beta ds + y * (dy - <dy, y>): the gradient of softmax at its result y. With beta = 0, ds
/// may hold anything before; beta is 0 or 1.
void softmax_row_backward(const real* y, const real* dy, real* ds, std::size_t n, real beta = 1);

real dot_row(const real* x, const real* y, std::size_t n);
/// y += a x
void add_scaled_row(real a, const real* x, real* y, std::size_t n);
/// y = a x
void scale_row(real a, const real* x, real* y, std::size_t n);
/// y = beta y + a x. With beta = 0, y may hold anything before; beta is 0 or 1.
void sum_row(real a, const real* x, real beta, real* y, std::size_t n);
/// y = tanh(x + shift); shift may be null.
void tanh_row(const real* x, const real* shift, real* y, std::size_t n);

}  // namespace attn
