#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// Lower-case words and punctuation marks, in order. A word is a run of letters, digits and marks,
/// with apostrophes inside it ("didn't" is one word); a Chinese or Japanese character and every
/// other sign is a token of its own. White space and control characters end a word and are dropped.
/// `text` must be UTF-8.
std::vector<std::string> words(std::string_view text);

/// The words that an English contraction stands for: "did", "not" for "didn't"; none for other
/// words. `word` as words() gives it. What may mean two things ("he's") is left alone, but for
/// "it's".
std::vector<std::string> without_contraction(std::string_view word);

/// Characters (grapheme clusters) without white space and control characters.
std::vector<std::string> letters(std::string_view text);

/// The different tokens in the order of their first appearance, and each token's place among them.
struct Numbered {
  std::vector<std::string> vocabulary;
  std::vector<std::size_t> ids;
};
Numbered number_tokens(const std::vector<std::string>& tokens);

}  // namespace attn
