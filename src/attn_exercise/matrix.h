// The matrix of the exercises. Every exercise has a copy of this file beside it.
#ifndef ATTN_EXERCISE_MATRIX_H
#define ATTN_EXERCISE_MATRIX_H

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

/// Numbers in rows and columns; counting begins at 0.
///
///     Matrix a(2, 3);                  // two rows, three columns, all 0
///     Matrix b = {{1, 2}, {3, 4}};     // two rows
///     a(1, 2) = b(0, 1);               // row 1, column 2
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> numbers;  ///< row after row

  Matrix() = default;
  Matrix(std::size_t row_count, std::size_t column_count, double value = 0)
      : rows(row_count), columns(column_count), numbers(row_count * column_count, value) {}
  Matrix(std::initializer_list<std::initializer_list<double>> given)
      : rows(given.size()), columns(given.size() == 0 ? 0 : given.begin()->size()) {
    for (const auto& row : given) {
      if (row.size() != columns)
        throw std::invalid_argument("the rows of a matrix differ in length");
      numbers.insert(numbers.end(), row);
    }
  }

  double& operator()(std::size_t i, std::size_t j) { return numbers[place(i, j)]; }
  double operator()(std::size_t i, std::size_t j) const { return numbers[place(i, j)]; }

 private:
  std::size_t place(std::size_t i, std::size_t j) const {
    if (i < rows && j < columns) return i * columns + j;
    throw std::out_of_range("there is no place (" + std::to_string(i) + ", " + std::to_string(j) +
                            ") in a matrix of " + std::to_string(rows) + " x " +
                            std::to_string(columns));
  }
};

#endif
