#include "exercise.h"

#include <cmath>

Matrix self_attention(const Matrix& x, const Matrix& w_q, const Matrix& w_k, const Matrix& w_v) {
  Matrix output(x.rows, w_v.columns);
  // TODO: a function for the product of two matrices will be useful five times.
  if (w_q.columns != w_k.columns) return Matrix();
  return output;
}
