#pragma once
#include <span>
#include <string>
#include <vector>

#include "attn/core/array.h"
#include "attn/graph/trace.h"

namespace attn {

/// The one way to write the numbers of a matrix for people, chosen once for the whole matrix so
/// that its columns align. Infinities are "inf" and "-inf", what is not a number is "nan", and a
/// number that rounds to zero is "0" without a sign.
struct NumberFormat {
  enum class Style {
    whole,       ///< 7
    fixed,       ///< 0.091
    scientific,  ///< 9.10e-5
  };
  Style style = Style::fixed;
  int decimals = 3;
  std::size_t width = 0;  ///< columns of the widest number of the matrix

  std::string operator()(double value) const;
};

/// The format for these numbers. Whole numbers (ids, one-hot, masks) have no decimals. Otherwise
/// three decimals below 10, more for small ones, fewer for large ones, and scientific when the
/// largest magnitude is below 0.001 or from 100000 on. `precision` (0 or more) fixes the decimals.
NumberFormat choose_format(std::span<const real> values, int precision = -1);
NumberFormat choose_format(const Array& values, int precision = -1);
/// The same style with other decimals; the width is measured again.
NumberFormat with_decimals(NumberFormat format, std::span<const real> values, int decimals);

/// One number alone, with `digits` significant digits and no zeros behind: "0.091", "1.2e-7",
/// "12345".
std::string number_text(double value, int digits = 4);
/// One format for each column of a table, and a cell written in it. Words are made safe to print.
std::vector<NumberFormat> table_formats(const Table& table, int precision = -1);
std::string cell_text(const Table::Cell& cell, const NumberFormat& format);

/// "0.012 ms", "12.3 ms", "1.25 s", "3.2 min".
std::string time_text(double milliseconds);
/// "18,210", "4.53 billion": a count of operations.
std::string count_text(double count);
/// "12345" as "12,345".
std::string grouped(std::size_t count);

}  // namespace attn
