#include "exercise.h"

Matrix patches(const std::vector<Matrix>& picture, std::size_t side) {
  const std::size_t h = picture.size(), w = picture[0].rows, c = picture[0].columns;
  // TODO: how many patches are there, and where does each pixel belong?
  Matrix result(h * w, side * side * c);
  return result;
}
