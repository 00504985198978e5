#include <cmath>

#include "exercise.h"

Matrix positions(std::size_t n, std::size_t d) {
  Matrix table(n, d);
  for (std::size_t position = 0; position < n; ++position) {
    for (std::size_t column = 0; column < d; ++column) {
      const std::size_t pair = column / 2;
      const double angle = double(position) / std::pow(10000.0, 2.0 * double(pair) / double(d));
      table(position, column) = column % 2 == 0 ? std::sin(angle) : std::cos(angle);
    }
  }
  return table;
}
