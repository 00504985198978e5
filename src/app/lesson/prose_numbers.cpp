#include "app/lesson/prose_numbers.h"

#include <charconv>
#include <string>

namespace attn::app {

namespace {

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Three digits behind a comma or a space: a group of thousands.
bool group(std::string_view text, std::size_t at) {
  return at + 3 < text.size() && (text[at] == ',' || text[at] == ' ') && is_decimal(text[at + 1]) &&
         is_decimal(text[at + 2]) && is_decimal(text[at + 3]) &&
         (at + 4 == text.size() || !(is_decimal(text[at + 4]) || letter(text[at + 4])));
}

}  // namespace

std::vector<double> literal_numbers(std::string_view text) {
  std::vector<double> out;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_decimal(text[at])) {
      ++at;
      continue;
    }
    const bool in_name = at > 0 && (letter(text[at - 1]) || text[at - 1] == '#');
    std::string digits;
    std::size_t end = at;
    const auto take = [&] {
      while (end < text.size() && is_decimal(text[end])) digits += text[end++];
    };
    take();
    while (digits.size() <= 15 && end - at <= 20 && group(text, end)) {
      ++end;
      take();
    }
    if (end + 1 < text.size() && text[end] == '.' && is_decimal(text[end + 1])) {
      digits += text[end++];
      take();
    }
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (!in_name) out.push_back(value);
    at = end;
  }
  return out;
}

}  // namespace attn::app
