#pragma once
// Matrices as text: comma-separated files, and numbers typed as an argument.
#include <optional>
#include <string>
#include <string_view>

#include "attn/core/array.h"
#include "attn/io/file.h"

namespace attn {

/// The most that read_csv takes: text of this size is some hundred million numbers.
inline constexpr std::size_t kCsvLimit = std::size_t{1} << 28;

/// A number as people and programs write it: a decimal point whatever the locale, an optional sign
/// and exponent, nan, inf, infinity in any case. Nothing else may stand in `text`. Empty if it is
/// no number, or too large for `real`; numbers too small for it are zero.
std::optional<real> parse_number(std::string_view text);

/// The matrix (rows, columns) in comma-separated text: no header line, every row as long as the
/// first. A byte order mark, CRLF, spaces around a number and blank lines at the end are accepted.
/// `name` (the path) begins every message.
/// Throws Error(bad_input) with row and column, counted from 1, of the first bad cell.
Array parse_csv(std::string_view text, const std::string& name);

/// parse_csv of a file; "-" is standard input. Throws what read_file throws, too.
Array read_csv(const std::string& path, std::size_t limit = kCsvLimit);

/// The array as comma-separated text, with the fewest digits that read back as the same number.
/// Rank 0 is one cell, rank 1 one row, rank 2 one line per row. Above rank 2 a header line, then
/// one line per row of the last axis, the indices of the leading axes (from 0) in front of its
/// numbers.
std::string csv_text(const Array& array);

/// The matrix in a typed text: "1 2 3; 4 5 6" or "1,2,3;4,5,6", rows ended by ';' or a new line,
/// cells by spaces or one comma. `name` (such as "the argument") begins every message.
/// Throws Error(bad_input) with row and column of the first bad cell.
Array parse_matrix_text(std::string_view text, const std::string& name);

}  // namespace attn
