#include "exercise.h"

std::vector<Matrix> split_heads(const Matrix& x, std::size_t heads) {
  std::vector<Matrix> out(heads, Matrix(x.rows, x.columns / heads));
  // TODO: fill the matrices of the heads here, and put them side by side again below.
  return out;
}

Matrix merge_heads(const std::vector<Matrix>& heads) {
  Matrix out(heads[0].rows, heads.size() * heads[0].columns);
  return out;
}
