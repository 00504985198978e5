#include "app/homework/answer_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "attn/core/error.h"
#include "attn/core/trimmed.h"
#include "attn/io/csv.h"
#include "attn/io/npy.h"

namespace attn::app::homework {

namespace {

using Cells = std::vector<std::string>;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// UTF-16 with a byte order mark as UTF-8. What a table of numbers cannot hold becomes '?'.
std::string from_utf16(const std::string& bytes) {
  const bool big = bytes[0] == '\xFE';
  std::string out;
  for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
    const auto high = static_cast<unsigned char>(bytes[big ? i : i + 1]),
               low = static_cast<unsigned char>(bytes[big ? i + 1 : i]);
    const unsigned code = high * 256u + low;
    if (code == 0x2212) {
      out += '-';
    } else if (code == 0xA0) {
      out += ' ';
    } else {
      out += code < 0x80 ? static_cast<char>(code) : '?';
    }
  }
  return out;
}

/// Throws for files that are no text, by their first bytes.
void refuse_other_files(const std::string& bytes, const std::string& name) {
  struct Kind {
    std::string_view begin, what;
  };
  static constexpr Kind kKinds[] = {{"PK\x03\x04", "a spreadsheet (.xlsx, .ods) or a zip file"},
                                    {"\xD0\xCF\x11\xE0", "an old spreadsheet (.xls)"},
                                    {"%PDF", "a PDF file"},
                                    {"\x89PNG", "a picture"},
                                    {"\xFF\xD8\xFF", "a picture"},
                                    {"\x80\x04", "a pickle of Python"},
                                    {"\x1F\x8B", "a gzip file"},
                                    {"{\\rtf", "a text document (RTF)"}};
  for (const Kind& kind : kKinds) {
    if (bytes.starts_with(kind.begin))
      throw Error(ErrorKind::bad_input, fmt::format("{} is {}, not CSV", name, kind.what),
                  "save the numbers as CSV (comma-separated text) under this name");
  }
}

/// One way to write each sign, and one end of line.
std::string plain_text(const std::string& bytes) {
  const bool utf16 =
      bytes.size() % 2 == 0 && (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"));
  std::string text = utf16 ? from_utf16(bytes) : bytes;
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  replace_all(text, "\r\n", "\n");
  std::replace(text.begin(), text.end(), '\r', '\n');
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) {
    replace_all(text, "\xE2\x88\x92", "-");    // minus sign
    replace_all(text, "\xE2\x80\x93", "-");    // en dash
    replace_all(text, "\xC2\xA0", " ");        // space that does not break
    replace_all(text, "\xE2\x80\xAF", " ");    // the same, narrow
    replace_all(text, "\xE2\x88\x9E", "inf");  // infinity
  }
  return text;
}

/// The lines with something in them that is no comment.
Cells lines_of(const std::string& text) {
  Cells out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(at, end - at));
    if (!line.empty() && line.front() != '#') out.emplace_back(line);
    at = end + 1;
  }
  return out;
}

/// What stands between the cells; ' ' for spaces of any number.
char separator_of(const Cells& lines) {
  const auto holds = [&](char c) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      bool quoted = false;
      for (const char each : line) {
        if (each == '"') quoted = !quoted;
        if (each == c && !quoted) return true;
      }
      return false;
    });
  };
  // "1,\t2": the comma separates.
  const bool comma_and_tab = std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(",\t") != std::string::npos || line.find("\t,") != std::string::npos;
  });
  if (holds(';')) return ';';
  if (holds('\t') && !comma_and_tab) return '\t';
  if (holds(',')) return ',';
  return ' ';
}

/// A cell without quotes around it.
std::string unquoted(std::string_view cell) {
  cell = trimmed(cell);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
    cell = trimmed(cell.substr(1, cell.size() - 2));
  return std::string(cell);
}

Cells cells_of(const std::string& line, char separator) {
  Cells out;
  std::string cell;
  bool quoted = false;
  const auto end_cell = [&] {
    if (separator != ' ' || !trimmed(cell).empty()) out.push_back(unquoted(cell));
    cell.clear();
  };
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    const bool space = separator == ' ' && (c == ' ' || c == '\t');
    if (!quoted && (c == separator || space)) {
      end_cell();
    } else {
      cell += c;
    }
  }
  end_cell();
  return out;
}

/// "0,5" as "0.5": digits on both sides of the only comma. Else the cell itself.
std::string with_point(const std::string& cell) {
  const std::size_t comma = cell.find(',');
  if (comma == std::string::npos || cell.find(',', comma + 1) != std::string::npos ||
      cell.find('.') != std::string::npos)
    return cell;
  std::string out = cell;
  out[comma] = '.';
  return parse_number(out) ? out : cell;
}

/// inf or -inf for a number that no float holds, such as 1e999 or the smallest float64: NPY files
/// say the same so.
std::string with_infinity(const std::string& cell) {
  const bool negative = cell.starts_with('-');
  std::string_view digits = cell;
  if (negative || cell.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.front() == '-' || parse_number(cell)) return cell;
  real number = 0;
  const auto [stop, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool too_large =
      problem == std::errc::result_out_of_range && stop == digits.data() + digits.size() &&
      digits.find("e-") == std::string_view::npos && digits.find("E-") == std::string_view::npos;
  return too_large ? (negative ? "-inf" : "inf") : cell;
}

bool all_numbers(const Cells& cells) {
  return std::all_of(cells.begin(), cells.end(),
                     [](const std::string& cell) { return parse_number(cell).has_value(); });
}

bool has_letter(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

/// What to do about a cell that is no number.
std::string hint_for(const std::vector<Cells>& table, std::size_t r, const std::string& cell) {
  const auto others_are_numbers = [&] {
    return table.size() > 1 && std::all_of(table.begin() + 1, table.end(), all_numbers);
  };
  if (r == 0 && table[0][0].empty())
    return "is the first line a header and the first column an index (pandas)? Write "
           "to_csv(file, header=False, index=False)";
  if (cell.empty()) return "every cell needs a number; is there a separator too many?";
  if (r == 0 && others_are_numbers() && std::all_of(table[0].begin(), table[0].end(), has_letter))
    return "the first line is a header: remove it";
  if (cell.front() == '=') return "this is a formula: save its value";
  if (cell.find_first_of("[](){}") != std::string::npos)
    return "this is how a program prints a matrix: write the numbers alone, as "
           "numpy.savetxt(file, a, delimiter=\",\") does";
  if (cell.back() == '%') return "write shares of 1, not per cent";
  if (cell.find('/') != std::string::npos) return "write a decimal number, not a fraction";
  if (cell.find(',') != std::string::npos)
    return "does the comma separate two numbers or stand for a decimal point? Write points, and "
           "commas between the numbers";
  return "write numbers with a decimal point, separated by commas";
}

[[noreturn]] void refuse_cell(const std::vector<Cells>& table, std::size_t r, std::size_t c,
                              const std::string& name) {
  const std::string& cell = table[r][c];
  throw Error(ErrorKind::bad_input,
              fmt::format("{}, row {}, column {}: expected a number, found {}", name, r + 1, c + 1,
                          cell.empty() ? "an empty cell" : "'" + escaped(cell, 80) + "'"),
              hint_for(table, r, cell));
}

}  // namespace

Array parse_answer(const std::string& bytes, const std::string& name) {
  if (bytes.starts_with("\x93NUMPY")) return parse_npy(bytes, name);
  refuse_other_files(bytes, name);
  const Cells lines = lines_of(plain_text(bytes));
  const char separator = separator_of(lines);
  std::vector<Cells> table;
  for (const std::string& line : lines) table.push_back(cells_of(line, separator));
  if (table.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{}: expected numbers, found nothing", name),
                "a matrix needs at least one number");
  // "1,2;3,4" alone on its line may be two rows; in several lines a row is a line.
  const bool decimal_comma = separator != ';' || table.size() > 1;
  std::string text;
  for (std::size_t r = 0; r < table.size(); ++r) {
    for (std::size_t c = 0; c < table[r].size(); ++c) {
      std::string& cell = table[r][c];
      if (decimal_comma) cell = with_point(cell);
      cell = with_infinity(cell);
    }
  }
  for (std::size_t r = 0; r < table.size(); ++r) {
    for (std::size_t c = 0; c < table[r].size(); ++c) {
      if (!parse_number(table[r][c])) refuse_cell(table, r, c, name);
      text += table[r][c] + (c + 1 < table[r].size() ? "," : "\n");
    }
  }
  return parse_csv(text, name);
}

}  // namespace attn::app::homework
