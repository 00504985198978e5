#include "exercise.h"

Matrix patches(const std::vector<Matrix>& picture, std::size_t side) {
  const std::size_t h = picture.size(), w = picture[0].rows, c = picture[0].columns;
  const std::size_t down = (h + side - 1) / side, across = (w + side - 1) / side;
  Matrix result(down * across, side * side * c);
  for (std::size_t y = 0; y < h; ++y) {
    for (std::size_t x = 0; x < w; ++x) {
      const std::size_t patch = y / side * across + x / side;
      const std::size_t pixel = y % side * side + x % side;
      for (std::size_t k = 0; k < c; ++k) result(patch, pixel * c + k) = picture[y](x, k);
    }
  }
  return result;
}
