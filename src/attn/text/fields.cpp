#include "attn/text/fields.h"

#include <algorithm>
#include <charconv>

namespace attn {

namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    pieces.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> fields(std::string_view text) {
  std::vector<std::string_view> found;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto end = std::find_if(text.begin(), text.end(), blank);
    found.push_back(text.substr(0, static_cast<std::size_t>(end - text.begin())));
    text.remove_prefix(found.back().size());
  }
  return found;
}

std::optional<double> read_weight(std::string_view text) {
  double weight = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, weight);
  if (error != std::errc() || stop != end || !(weight > 0) || weight > 1e6) return std::nullopt;
  return weight;
}

}  // namespace attn
