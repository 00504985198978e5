#pragma once
// BERT's tokenizer: text to words, words to pieces.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attn {

/// The pieces that a model knows, by id; vocab.txt has one on each line, and the line's number
/// (from 0) is the id. "##" begins a piece that goes on a word.
class PieceVocabulary {
 public:
  /// The largest vocab.txt that is read. BERT's multilingual one has 1 MB and 119 547 pieces.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;
  static constexpr std::size_t kMostPieces = 1'000'000;

  /// Throws Error(bad_input) with the line for a piece that is there twice, is empty, or is no
  /// UTF-8, and if one of [PAD], [UNK], [CLS], [SEP], [MASK] is missing (all missing ones are
  /// listed); Error(limit) if it is too large. CRLF and a byte order mark are accepted. `name` is
  /// for messages.
  static PieceVocabulary parse(std::string_view vocab_txt, const std::string& name);
  /// The same from pieces.
  explicit PieceVocabulary(std::vector<std::string> pieces, const std::string& name = "vocabulary");

  std::size_t size() const { return pieces_.size(); }
  const std::string& piece(std::size_t id) const { return pieces_.at(id); }
  const std::vector<std::string>& pieces() const { return pieces_; }
  std::optional<std::size_t> find(std::string_view piece) const;

  std::size_t pad() const { return pad_; }
  std::size_t unknown() const { return unknown_; }
  std::size_t cls() const { return cls_; }
  std::size_t sep() const { return sep_; }
  std::size_t mask() const { return mask_; }
  /// True for the five of them.
  bool is_special(std::size_t id) const;
  /// Bytes of the longest piece: nothing longer need be looked for.
  std::size_t longest() const { return longest_; }
  /// vocab.txt.
  std::string text() const;

 private:
  /// Finds a string_view without making a string of it.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::vector<std::string> pieces_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> ids_;
  std::size_t longest_ = 0;
  std::size_t pad_ = 0, unknown_ = 0, cls_ = 0, sep_ = 0, mask_ = 0;
};

/// A word, and the bytes begin..end of the text that it was made of.
struct BasicWord {
  std::string word;
  std::size_t begin, end;
};

/// What a model wants done to its words. An uncased model's are small letters without accents.
struct WordRules {
  bool lower_case = true;
  bool strip_accents = true;  ///< canonical decomposition NFD, then nonspacing marks dropped
  bool split_chinese = true;  ///< each Chinese character is a word of its own
  WordRules() = default;
  WordRules(bool uncased) : lower_case(uncased), strip_accents(uncased) {}  // meant to be implicit
  bool operator==(const WordRules&) const = default;
};

/// Words and punctuation marks, in order: control characters and U+FFFD dropped, white space
/// splits, punctuation marks are words of their own, and the rest by the rules. [UNK],
/// [CLS], [SEP], [PAD] and [MASK], written just so, stay whole. `text` should be UTF-8: other bytes
/// are dropped. Devlin et al. 2019, and their tokenization.py, BasicTokenizer (which takes the
/// special ones apart as well).
std::vector<BasicWord> located_words(std::string_view text, const WordRules& rules);
/// The words alone.
std::vector<std::string> basic_words(std::string_view text, const WordRules& rules);

/// A word of more code points is [UNK]; tokenization.py has 200, its successors 100.
inline constexpr std::size_t kLongestWord = 100;

/// How a word became pieces: longest match first.
struct PieceSearch {
  struct Step {
    std::vector<std::string> tried;  ///< not in the vocabulary, longest first
    std::string found;               ///< the longest that is; empty: none, so the word is [UNK]
  };
  std::vector<Step> steps;       ///< of each piece
  std::vector<std::size_t> ids;  ///< the pieces; [UNK] alone if the word cannot be made
};

/// The word's pieces: again and again the longest piece with which the rest of the word begins
/// ("##" before all but the first). A word that cannot be made of pieces, or is longer than
/// kLongestWord, is [UNK]. Only with `keep_search` are the steps kept (a word that is too long has
/// none). tokenization.py, WordpieceTokenizer; pieces of words: Wu et al. 2016, "Google's neural
/// machine translation system", section 4.1.
PieceSearch word_pieces(const PieceVocabulary& vocabulary, std::string_view word,
                        bool keep_search = false);

/// Ids of a text: basic_words, then word_pieces of each.
std::vector<std::size_t> encode_pieces(const PieceVocabulary& vocabulary, std::string_view text,
                                       const WordRules& rules);

/// The first piece of several characters that has a capital letter, "" if none has: such a
/// vocabulary wants its text as it is.
std::string piece_with_capitals(const PieceVocabulary& vocabulary);

/// One merge while a vocabulary is trained.
struct PieceMerge {
  std::string left, right, piece;
  std::size_t count;                    ///< how often left and right stood side by side
  std::size_t left_count, right_count;  ///< how often each of them stood anywhere
  double score;                         ///< count / (left_count * right_count)
};

struct TrainedVocabulary {
  std::vector<std::string> pieces;  ///< the five special ones, characters, then merges in order
  std::vector<PieceMerge> merges;   ///< two may give the same piece, which is there once
};

/// Learns at most `size` pieces from these words: characters first (those that occur at least
/// `least` times; the most frequent ones, if there is no room for all), then again and again the
/// pair of neighbours with the largest count(pair) / (count(left) count(right)) among pairs seen at
/// least `least` times becomes a piece. Equal scores: the pair that comes first in the order of
/// bytes. Words longer than kLongestWord and special ones are left out.
///
/// BERT's own training program was never published. This score is the one commonly given for
/// WordPiece (the Hugging Face course, chapter 6); the source, Schuster and Nakajima 2012,
/// "Japanese and Korean voice search", section 3, says that the pair is merged that makes the
/// training text likeliest under a language model of pieces. The score's logarithm
/// is that gain for one occurrence of the pair, but for a constant. Throws Error(usage) if `size`
/// has no room for the special ones and a character.
TrainedVocabulary train_pieces(const std::map<std::string, std::size_t>& word_counts,
                               std::size_t size, std::size_t least = 2);

}  // namespace attn
