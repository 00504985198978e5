#pragma once
// BERT's tokenizer: text to words, words to pieces.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// The pieces that a model knows, by id; vocab.txt has one on each line, and the line's number
/// (from 0) is the id. "##" begins a piece that goes on a word.
class PieceVocabulary {
 public:
  /// Throws Error(bad_input) with the line for a piece that is there twice, is empty, or is no
  /// UTF-8, and if one of [PAD], [UNK], [CLS], [SEP], [MASK] is missing (all missing ones are
  /// listed). CRLF is accepted. `name` is for messages.
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
  /// vocab.txt.
  std::string text() const;

 private:
  std::vector<std::string> pieces_;
  std::map<std::string, std::size_t, std::less<>> ids_;
  std::size_t pad_ = 0, unknown_ = 0, cls_ = 0, sep_ = 0, mask_ = 0;
};

/// Words and punctuation marks, in order: control characters and U+FFFD dropped, white space
/// splits, Chinese characters and punctuation marks are words of their own; if `uncased`, small
/// letters without accents (NFD, marks dropped). [UNK], [CLS], [SEP], [PAD] and [MASK], written
/// just so, stay whole. `text` must be UTF-8. Devlin et al. 2019, and their tokenization.py,
/// BasicTokenizer.
std::vector<std::string> basic_words(std::string_view text, bool uncased);

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
/// ("##" before all but the first). A word that cannot be made of pieces, or of more than 100
/// characters, is [UNK]. Only with `keep_search` are the steps kept.
/// Wu et al. 2016, "Google's neural machine translation system", section 4.1.
PieceSearch word_pieces(const PieceVocabulary& vocabulary, std::string_view word,
                        bool keep_search = false);

/// Ids of a text: basic_words, then word_pieces of each.
std::vector<std::size_t> encode_pieces(const PieceVocabulary& vocabulary, std::string_view text,
                                       bool uncased);

/// One merge while a vocabulary is trained.
struct PieceMerge {
  std::string left, right, piece;
  std::size_t count;  ///< how often left and right stood side by side
  double score;       ///< count / (count of left * count of right)
};

struct TrainedVocabulary {
  std::vector<std::string> pieces;  ///< the five special ones, characters, then merges in order
  std::vector<PieceMerge> merges;
};

/// Learns at most `size` pieces from these words: characters first (those that occur at least
/// `least` times), then again and again the pair of neighbours with the largest
/// count(pair) / (count(left) count(right)) among pairs seen at least `least` times becomes a
/// piece. Equal scores: the pair that comes first in the order of bytes. Schuster and Nakajima
/// 2012, "Japanese and Korean voice search", section 3 (likelihood of the data).
TrainedVocabulary train_pieces(const std::map<std::string, std::size_t>& word_counts,
                               std::size_t size, std::size_t least = 2);

}  // namespace attn
