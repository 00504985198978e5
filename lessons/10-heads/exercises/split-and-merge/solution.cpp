#include "exercise.h"

std::vector<Matrix> split_heads(const Matrix& x, std::size_t heads) {
  const std::size_t d = x.columns / heads;
  std::vector<Matrix> out(heads, Matrix(x.rows, d));
  for (std::size_t h = 0; h < heads; ++h) {
    for (std::size_t i = 0; i < x.rows; ++i) {
      for (std::size_t j = 0; j < d; ++j) out[h](i, j) = x(i, h * d + j);
    }
  }
  return out;
}

Matrix merge_heads(const std::vector<Matrix>& heads) {
  const std::size_t d = heads[0].columns;
  Matrix out(heads[0].rows, heads.size() * d);
  for (std::size_t h = 0; h < heads.size(); ++h) {
    for (std::size_t i = 0; i < out.rows; ++i) {
      for (std::size_t j = 0; j < d; ++j) out(i, h * d + j) = heads[h](i, j);
    }
  }
  return out;
}
