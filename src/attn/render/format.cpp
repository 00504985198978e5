#include "attn/render/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"

namespace attn {

namespace {

constexpr int kMaxDecimals = 17;

std::string strip_sign_of_zero(std::string text) {
  if (text[0] == '-' && text.find_first_of("123456789") == std::string::npos) text.erase(0, 1);
  return text;
}

/// "1.20e-05" becomes "1.20e-5", "1e+38" becomes "1e38".
std::string short_exponent(std::string text) {
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::string out = text.substr(0, e + 1);
  std::size_t digit = e + 1;
  if (text[digit] == '-') out += '-';
  while (digit + 1 < text.size() && !(text[digit] >= '1' && text[digit] <= '9')) ++digit;
  return out + text.substr(digit);
}

/// What decides a format: the largest magnitude, and whether all numbers are whole.
struct Survey {
  double largest = 0;
  bool whole = true;
};

Survey survey(std::span<const real> values) {
  Survey out;
  for (const real v : values) {
    if (!std::isfinite(v)) continue;
    out.largest = std::max(out.largest, std::abs(static_cast<double>(v)));
    if (out.whole && v != std::trunc(v)) out.whole = false;
  }
  return out;
}

int usual_decimals(double largest) {
  if (largest < 0.01) return 5;
  if (largest < 0.1) return 4;
  if (largest < 10) return 3;
  return largest < 100 ? 2 : 1;
}

/// Columns of the widest number. It is one of few: the largest and the smallest magnitude of either
/// sign (the digits before the point grow with it, the exponent grows away from 1).
std::size_t widest(const NumberFormat& format, std::span<const real> values) {
  struct Magnitudes {
    double least = 0, most = 0;
    void see(double v) {
      least = most == 0 ? v : std::min(least, v);
      most = std::max(most, v);
    }
  };
  Magnitudes above, below;
  std::size_t width = 1;
  for (const real v : values) {
    if (std::isnan(v) || std::isinf(v)) {
      width = std::max<std::size_t>(width, v < 0 ? 4 : 3);
    } else if (v != 0) {
      (v > 0 ? above : below).see(std::abs(static_cast<double>(v)));
    }
  }
  for (const double v : {0.0, above.least, above.most, -below.least, -below.most}) {
    width = std::max(width, format(v).size());
  }
  return values.empty() ? 1 : width;
}

}  // namespace

std::string NumberFormat::operator()(double value) const {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  switch (style) {
    case Style::whole:
      return strip_sign_of_zero(fmt::format("{:.0f}", value));
    case Style::fixed:
      return strip_sign_of_zero(fmt::format("{:.{}f}", value, decimals));
    case Style::scientific:
      break;
  }
  if (value == 0) return "0";
  return short_exponent(fmt::format("{:.{}e}", value, decimals));
}

NumberFormat choose_format(std::span<const real> values, int precision) {
  const Survey seen = survey(values);
  NumberFormat format;
  if (seen.whole && seen.largest < 1e7) {
    format.style = NumberFormat::Style::whole;
    format.decimals = 0;
  } else if (seen.largest >= 1e5 || seen.largest < 1e-3) {
    format.style = NumberFormat::Style::scientific;
    format.decimals = precision < 0 ? 2 : std::min(precision, kMaxDecimals);
  } else {
    format.decimals =
        precision < 0 ? usual_decimals(seen.largest) : std::min(precision, kMaxDecimals);
  }
  format.width = widest(format, values);
  return format;
}

NumberFormat choose_format(const Array& values, int precision) {
  return choose_format(std::span<const real>(values.data(), values.size()), precision);
}

NumberFormat with_decimals(NumberFormat format, std::span<const real> values, int decimals) {
  format.decimals = decimals;
  format.width = widest(format, values);
  return format;
}

std::vector<NumberFormat> table_formats(const Table& table, int precision) {
  std::vector<NumberFormat> formats;
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    std::vector<real> numbers;
    for (const auto& row : table.rows) {
      const auto* number = j < row.size() ? std::get_if<double>(&row[j]) : nullptr;
      if (number) numbers.push_back(static_cast<real>(*number));
    }
    formats.push_back(choose_format(numbers, precision));
    // Counts stay whole at any size.
    const auto whole = [&](const auto& row) {
      const auto* number = j < row.size() ? std::get_if<double>(&row[j]) : nullptr;
      return !number || (*number == std::trunc(*number) && std::abs(*number) < 1e15);
    };
    if (std::all_of(table.rows.begin(), table.rows.end(), whole)) {
      formats.back().style = NumberFormat::Style::whole;
    }
  }
  return formats;
}

std::string cell_text(const Table::Cell& cell, const NumberFormat& format) {
  if (const auto* number = std::get_if<double>(&cell)) return format(*number);
  return escaped(std::get<std::string>(cell), 400);
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  if (value == std::trunc(value) && std::abs(value) < 1e7) return fmt::format("{:.0f}", value);
  const double magnitude = std::abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e5) {
    const int before = static_cast<int>(std::floor(std::log10(magnitude))) + 1;
    std::string text = fmt::format("{:.{}f}", value, std::max(digits - before, 0));
    if (text.find('.') != std::string::npos) {
      text.erase(text.find_last_not_of('0') + 1);
      if (text.back() == '.') text.pop_back();
    }
    return text;
  }
  std::string text = short_exponent(fmt::format("{:.{}e}", value, std::max(digits - 1, 0)));
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  return mantissa + text.substr(e);
}

std::string time_text(double milliseconds) {
  if (!std::isfinite(milliseconds)) return number_text(milliseconds) + " ms";
  if (milliseconds < 10) return fmt::format("{:.3f} ms", milliseconds);
  if (milliseconds < 1000) return fmt::format("{:.1f} ms", milliseconds);
  if (milliseconds < 60000) return fmt::format("{:.2f} s", milliseconds / 1000);
  return fmt::format("{:.1f} min", milliseconds / 60000);
}

std::string count_text(double count) {
  if (!(count >= 0) || !std::isfinite(count)) return number_text(count);
  if (count < 1e9) return grouped(static_cast<std::size_t>(std::llround(count)));
  if (count < 1e12) return number_text(count / 1e9, 3) + " billion";
  return number_text(count / 1e12, 3) + " trillion";
}

std::string grouped(std::size_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

}  // namespace attn
