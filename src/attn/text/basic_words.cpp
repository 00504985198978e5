// From text to words, as BERT's BasicTokenizer does it. Linear in the length of the text.
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "attn/text/wordpiece.h"

namespace attn {

namespace {

constexpr std::array<std::string_view, 5> kWhole = {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"};

/// A code point, and the bytes of the text that it comes from.
struct Point {
  std::int32_t code;
  std::size_t begin, end;
};
using Token = std::vector<Point>;

/// U+FFFD (which is dropped) for a byte that is not UTF-8.
Point point_at(std::string_view text, std::size_t at) {
  utf8proc_int32_t code = -1;
  const utf8proc_ssize_t length = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4)), &code);
  if (length <= 0 || code < 0) return {0xFFFD, at, at + 1};
  return {code, at, at + static_cast<std::size_t>(length)};
}

bool is_white(std::int32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return true;
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool is_dropped(std::int32_t code) {
  const auto category = utf8proc_category(code);
  return code == 0xFFFD || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF;
}

bool is_chinese(std::int32_t code) {
  constexpr std::int32_t kRanges[][2] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
                                         {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B820, 0x2CEAF},
                                         {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  return std::any_of(std::begin(kRanges), std::end(kRanges), [code](const std::int32_t(&range)[2]) {
    return code >= range[0] && code <= range[1];
  });
}

bool is_punctuation(std::int32_t code) {
  // All signs of ASCII, also those that Unicode counts as symbols ("$", "^").
  if ((code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
      (code >= 123 && code <= 126))
    return true;
  const auto category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

/// Unicode's Cased, without modifier letters: those are passed over anyway.
bool is_cased(std::int32_t code) {
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT || code == 0xAA || code == 0xBA ||
         (code >= 0x2160 && code <= 0x217F) || (code >= 0x24B6 && code <= 0x24E9) ||
         (code >= 0x1F130 && code <= 0x1F149) || (code >= 0x1F150 && code <= 0x1F169) ||
         (code >= 0x1F170 && code <= 0x1F189);
}

/// Unicode's Case_Ignorable: marks, modifiers, and signs inside a word.
bool is_passed_over(std::int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      break;
  }
  constexpr std::int32_t kInsideWords[] = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,
                                           0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                           0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  return std::find(std::begin(kInsideWords), std::end(kInsideWords), code) !=
         std::end(kInsideWords);
}

/// A capital sigma at the end of a word has a small letter of its own.
bool is_final_sigma(const Token& token, std::size_t at) {
  std::size_t before = at, after = at + 1;
  while (before > 0 && is_passed_over(token[before - 1].code)) --before;
  while (after < token.size() && is_passed_over(token[after].code)) ++after;
  return before > 0 && is_cased(token[before - 1].code) &&
         !(after < token.size() && is_cased(token[after].code));
}

Token small_letters(const Token& token) {
  constexpr std::int32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2;
  Token out = token;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool is_final = token[i].code == kCapitalSigma && is_final_sigma(token, i);
    out[i].code = is_final ? kFinalSigma : utf8proc_tolower(token[i].code);
  }
  return out;
}

/// NFD. One code point after the other, with a sort of our own: the library's takes quadratic time
/// for a long row of marks.
Token decomposed(const Token& token) {
  Token out;
  for (const Point& point : token) {
    utf8proc_int32_t parts[32];
    int boundary = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(point.code, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < 32; ++i)
      out.push_back({parts[i], point.begin, point.end});
  }
  const auto order = [](const Point& p) { return utf8proc_get_property(p.code)->combining_class; };
  for (auto begin = out.begin(); begin != out.end();) {
    if (order(*begin) == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, out.end(), [&](const Point& p) { return order(p) == 0; });
    std::stable_sort(begin, end,
                     [&](const Point& a, const Point& b) { return order(a) < order(b); });
    begin = end;
  }
  return out;
}

/// A mark that is dropped still belongs to the bytes of the letter before it.
Token without_marks(const Token& token) {
  Token out;
  for (const Point& point : token) {
    if (utf8proc_category(point.code) != UTF8PROC_CATEGORY_MN) {
      out.push_back(point);
    } else if (!out.empty()) {
      out.back().end = std::max(out.back().end, point.end);
    }
  }
  return out;
}

void append(std::string& text, std::int32_t code) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(code, bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

/// A token between white space: its words and punctuation marks.
void end_token(Token& token, const WordRules& rules, std::vector<BasicWord>& out) {
  if (rules.lower_case) token = small_letters(token);
  if (rules.strip_accents) token = without_marks(decomposed(token));
  bool begins = true;
  for (const Point& point : token) {
    const bool alone = is_punctuation(point.code);
    if (begins || alone) out.push_back({"", point.begin, point.end});
    begins = alone;
    BasicWord& word = out.back();
    append(word.word, point.code);
    word.begin = std::min(word.begin, point.begin);
    word.end = std::max(word.end, point.end);
  }
  token.clear();
}

/// The special token that stands at this place, or "".
std::string_view whole_at(std::string_view text, std::size_t at) {
  if (text[at] != '[') return {};
  const auto found = std::find_if(kWhole.begin(), kWhole.end(), [&](std::string_view whole) {
    return text.substr(at, whole.size()) == whole;
  });
  return found == kWhole.end() ? std::string_view{} : *found;
}

}  // namespace

std::vector<BasicWord> located_words(std::string_view text, const WordRules& rules) {
  std::vector<BasicWord> out;
  Token token;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::string_view whole = whole_at(text, at); !whole.empty()) {
      end_token(token, rules, out);
      out.push_back({std::string(whole), at, at + whole.size()});
      at += whole.size();
      continue;
    }
    const Point point = point_at(text, at);
    at = point.end;
    if (is_white(point.code)) {
      end_token(token, rules, out);
    } else if (rules.split_chinese && is_chinese(point.code)) {
      end_token(token, rules, out);
      token.push_back(point);
      end_token(token, rules, out);
    } else if (!is_dropped(point.code)) {
      token.push_back(point);
    }
  }
  end_token(token, rules, out);
  return out;
}

std::vector<std::string> basic_words(std::string_view text, const WordRules& rules) {
  std::vector<std::string> out;
  for (BasicWord& word : located_words(text, rules)) out.push_back(std::move(word.word));
  return out;
}

}  // namespace attn
