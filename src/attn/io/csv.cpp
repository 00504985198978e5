#include "attn/io/csv.h"
#include "attn/core/how_many.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "attn/core/error.h"
#include "attn/core/trimmed.h"

namespace attn {
namespace {

/// Cuts `text` at the first of `separators`: returns what is before, keeps what is behind.
std::string_view cut(std::string_view& text, std::string_view separators) {
  const std::size_t at = text.find_first_of(separators);
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return before;
}

/// Collects a matrix cell by cell and knows the position for messages.
class MatrixBuilder {
 public:
  /// `cells`: at least as many as will come, from counting separators, so that memory never grows
  /// beyond a small multiple of the text.
  MatrixBuilder(const std::string& name, std::string_view format, std::size_t cells)
      : name_(name), format_(format) {
    values_.reserve(cells);
  }

  void cell(std::string_view text) {
    ++column_;
    const std::optional<real> value = parse_number(text);
    if (!value) fail_cell(text);
    values_.push_back(*value);
  }

  void end_row() {
    ++row_;
    if (row_ == 1) width_ = column_;
    if (column_ != width_) {
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}, row {}: expected {} as in row 1, found {}", where(), row_,
                              how_many(width_, "cell"), column_),
                  "every row needs the same number of cells");
    }
    column_ = 0;
  }

  [[noreturn]] void fail_blank_row() const {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}, row {}: expected numbers, found a blank row", where(), row_ + 1),
                "remove the blank row");
  }

  Array finish() const {
    if (row_ == 0) {
      throw Error(ErrorKind::bad_input, where() + ": expected numbers, found nothing",
                  "a matrix needs at least one number");
    }
    Array out = empty({row_, width_});
    std::copy(values_.begin(), values_.end(), out.data());
    return out;
  }

 private:
  std::string where() const { return fmt::format("{}{}", escaped(name_, 400), format_); }

  [[noreturn]] void fail_cell(std::string_view text) const {
    std::string hint = "write numbers with a decimal point, separated by commas";
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (text.empty()) {
      hint = "every cell needs a number; is there a comma too many?";
    } else if (text.front() == '\xFF' || text.front() == '\xFE' ||
               text.find('\0') != std::string_view::npos) {
      hint = "this is no plain text; save it as comma-separated text in UTF-8";
    } else if (text.find(';') != std::string_view::npos) {
      hint = "separate cells by commas, not semicolons, and write a decimal point";
    } else if (row_ == 0 && std::any_of(text.begin(), text.end(), is_letter)) {
      hint = format_.empty()
                 ? "write numbers: spaces or commas between them, a semicolon after a row"
                 : "if the first line is a header, remove it";
    }
    throw Error(ErrorKind::bad_input,
                fmt::format("{}, row {}, column {}: expected a number, found {}", where(), row_ + 1,
                            column_, text.empty() ? "an empty cell" : "'" + escaped(text) + "'"),
                hint);
  }

  const std::string& name_;
  std::string_view format_;
  std::vector<real> values_;
  std::size_t row_ = 0, column_ = 0, width_ = 0;
};

void append_number(std::string& out, real value) {
  if (std::isnan(value)) {
    out += "nan";  // its sign means nothing
    return;
  }
  char digits[64];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end.ptr);
}

}  // namespace

std::optional<real> parse_number(std::string_view text) {
  std::string_view digits = text;
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) digits.remove_prefix(1);
  // from_chars would take a second sign and nan(...).
  if (digits.empty() || digits.front() == '-' || digits.back() == ')') return std::nullopt;
  const char* end = digits.data() + digits.size();
  real value = 0;
  std::from_chars_result read = std::from_chars(digits.data(), end, value);
  if (read.ec == std::errc::result_out_of_range) {
    // Too large is an error, too small is zero; a wider type tells which.
    long double wide = 0;
    read = std::from_chars(digits.data(), end, wide);
    if (read.ec != std::errc{} || wide > 1) return std::nullopt;
    value = static_cast<real>(wide);
  }
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  // An infinity must have been asked for by name.
  if (std::isinf(value) && digits.front() != 'i' && digits.front() != 'I') return std::nullopt;
  return negative ? -value : value;
}

Array parse_csv(std::string_view text, const std::string& name) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  const auto is_separator = [](char c) { return c == ',' || c == '\n'; };
  const auto separators = std::count_if(text.begin(), text.end(), is_separator);
  MatrixBuilder matrix(name, ": CSV", static_cast<std::size_t>(separators) + 1);
  bool blank_before = false;
  while (!text.empty()) {
    std::string_view line = cut(text, "\n");
    if (trimmed(line).empty()) {
      blank_before = true;
      continue;
    }
    if (blank_before) matrix.fail_blank_row();
    // One cell more than there are commas, also when nothing stands behind the last.
    for (bool more = true; more;) {
      more = line.find(',') != std::string_view::npos;
      matrix.cell(trimmed(cut(line, ",")));
    }
    matrix.end_row();
  }
  return matrix.finish();
}

Array read_csv(const std::string& path, std::size_t limit) {
  return parse_csv(read_file(path, limit), path == "-" ? "standard input" : path);
}

std::string csv_text(const Array& array) {
  const Shape shape = shape_of(array);
  const std::size_t leading = shape.size() > 2 ? shape.size() - 1 : 0;
  const std::size_t width = shape.empty() ? 1 : shape.back();
  std::string out;
  if (leading > 0) {
    for (std::size_t axis = 0; axis < leading; ++axis) out += fmt::format("axis{},", axis);
    for (std::size_t i = 0; i < width; ++i)
      out += fmt::format("column{}{}", i, i + 1 < width ? "," : "");
    out += '\n';
  }
  for (std::size_t row = 0; width > 0 && row < array.size() / width; ++row) {
    std::size_t inner = array.size() / width;
    for (std::size_t axis = 0; axis < leading; ++axis) {
      const std::size_t outer = inner;
      inner /= shape[axis];
      out += fmt::format("{},", row % outer / inner);
    }
    for (std::size_t i = 0; i < width; ++i) {
      append_number(out, array.data()[row * width + i]);
      out += i + 1 < width ? ',' : '\n';
    }
  }
  return out;
}

Array parse_matrix_text(std::string_view text, const std::string& name) {
  const auto is_separator = [](char c) {
    return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
  };
  const auto separators = std::count_if(text.begin(), text.end(), is_separator);
  MatrixBuilder matrix(name, "", static_cast<std::size_t>(separators) + 1);
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(";\n");
    const bool semicolon = end != std::string_view::npos && text[end] == ';';
    std::string_view row = trimmed(cut(text, ";\n"));
    if (row.empty()) {
      // "1 2;" at the end of a line is one row, not two.
      if (semicolon) matrix.fail_blank_row();
      continue;
    }
    for (bool more = true; more;) {
      more = row.find(',') != std::string_view::npos;
      std::string_view cells = trimmed(cut(row, ","));
      do {
        matrix.cell(cut(cells, " \t\r"));
        cells = trimmed(cells);
      } while (!cells.empty());
    }
    matrix.end_row();
  }
  return matrix.finish();
}

}  // namespace attn
