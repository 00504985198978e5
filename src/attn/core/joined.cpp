#include "attn/core/joined.h"

namespace attn {

namespace {

template <class Words>
std::string with_separator(const Words& words, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += separator;
    out += words[i];
  }
  return out;
}

}  // namespace

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return with_separator(words, separator);
}

std::string joined(const std::vector<std::string_view>& words, std::string_view separator) {
  return with_separator(words, separator);
}

}  // namespace attn
