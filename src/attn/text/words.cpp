#include "attn/text/words.h"

#include <utf8proc.h>

#include <unordered_map>

#include "attn/text/utf8.h"

namespace attn {

namespace {

std::int32_t first_code_point(std::string_view text) {
  utf8proc_int32_t code = -1;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &code);
  return code;
}

bool is_blank(std::int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
      return true;
    default:
      return false;
  }
}

bool is_ideograph(std::int32_t code) {
  const bool korean = code >= 0xAC00 && code <= 0xD7A3;  // wide, but written in words
  return utf8proc_category(code) == UTF8PROC_CATEGORY_LO && utf8proc_charwidth(code) == 2 &&
         !korean;
}

bool is_word_part(std::int32_t code) {
  const auto category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO &&
         !is_ideograph(code);
}

bool is_apostrophe(std::int32_t code) { return code == '\'' || code == 0x2019; }

}  // namespace

std::vector<std::string> words(std::string_view text) {
  const std::string small = lower(text);
  const std::vector<std::string> parts = characters(small);
  std::vector<std::string> tokens;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) tokens.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::int32_t code = first_code_point(parts[i]);
    const bool inside =
        !word.empty() && i + 1 < parts.size() && is_word_part(first_code_point(parts[i + 1]));
    if (is_word_part(code) || (is_apostrophe(code) && inside)) {
      word += parts[i];
      continue;
    }
    end_word();
    if (!is_blank(code)) tokens.push_back(parts[i]);
  }
  end_word();
  return tokens;
}

std::vector<std::string> without_contraction(std::string_view word) {
  std::string plain(word);
  constexpr std::string_view kCurly = "\u2019";
  for (std::size_t at = plain.find(kCurly); at != std::string::npos; at = plain.find(kCurly))
    plain.replace(at, kCurly.size(), "'");
  static const std::unordered_map<std::string_view, std::vector<std::string>> kOwnForm = {
      {"can't", {"can", "not"}},    {"cannot", {"can", "not"}}, {"won't", {"will", "not"}},
      {"shan't", {"shall", "not"}}, {"it's", {"it", "is"}},     {"let's", {"let", "us"}},
      {"i'm", {"i", "am"}},
  };
  if (const auto own = kOwnForm.find(plain); own != kOwnForm.end()) return own->second;
  static constexpr std::pair<std::string_view, const char*> kEnds[] = {
      {"n't", "not"}, {"'re", "are"}, {"'ve", "have"}, {"'ll", "will"}};
  for (const auto& [end, meant] : kEnds) {
    if (plain.size() > end.size() && plain.ends_with(end))
      return {plain.substr(0, plain.size() - end.size()), meant};
  }
  return {};
}

std::vector<std::string> letters(std::string_view text) {
  std::vector<std::string> tokens;
  for (std::string& c : characters(text)) {
    if (!is_blank(first_code_point(c))) tokens.push_back(std::move(c));
  }
  return tokens;
}

Numbered number_tokens(const std::vector<std::string>& tokens) {
  Numbered out;
  std::unordered_map<std::string_view, std::size_t> known;
  for (const std::string& token : tokens) {
    const auto [entry, is_new] = known.try_emplace(token, out.vocabulary.size());
    if (is_new) out.vocabulary.push_back(token);
    out.ids.push_back(entry->second);
  }
  return out;
}

}  // namespace attn
