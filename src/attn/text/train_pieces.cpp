// Learning the pieces of WordPiece from words.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "attn/core/error.h"
#include "attn/text/wordpiece.h"

namespace attn {

namespace {

const std::vector<std::string> kSpecial = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

/// The words as rows of pieces, and how often each piece and each pair of neighbours occurs. A
/// merge counts anew only the words that hold the pair.
class PieceCounts {
 public:
  explicit PieceCounts(std::size_t least) : least_(least) {}

  void add(const std::string& text, std::size_t count) {
    Word word{{}, count};
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      word.pieces.push_back(number((at == 0 ? "" : "##") + text.substr(at, end - at)));
      at = end;
    }
    if (word.pieces.size() > kLongestWord) return;
    words_.push_back(std::move(word));
    const auto place = static_cast<std::uint32_t>(words_.size() - 1);
    count_pieces(words_[place], true);
    count_pairs(place, true, [](const Pair&) { return true; });
  }

  /// Pieces that occur often enough, in the order of bytes; at most `most`, the most frequent ones.
  std::vector<std::string> frequent(std::size_t most) const {
    std::vector<std::uint32_t> kept;
    for (std::uint32_t i = 0; i < names_.size(); ++i) {
      if (counts_[i] >= least_) kept.push_back(i);
    }
    const auto by_name = [&](std::uint32_t a, std::uint32_t b) { return names_[a] < names_[b]; };
    std::sort(kept.begin(), kept.end(), by_name);
    if (kept.size() > most) {
      std::stable_sort(kept.begin(), kept.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return counts_[a] > counts_[b]; });
      kept.resize(most);
      std::sort(kept.begin(), kept.end(), by_name);
    }
    std::vector<std::string> out;
    for (const std::uint32_t i : kept) out.push_back(names_[i]);
    return out;
  }

  /// Merges the pair with the largest score everywhere. False if no pair is left.
  bool merge(PieceMerge& merged) {
    double score = 0;
    const Pair* best = nullptr;
    for (std::size_t k = 0; k < frequent_.size();) {
      Pair& pair = pairs_[frequent_[k]];
      if (pair.count < least_) {
        pair.frequent = false;
        frequent_[k] = frequent_.back();
        frequent_.pop_back();
        continue;
      }
      const double s =
          double(pair.count) / (double(counts_[pair.left]) * double(counts_[pair.right]));
      if (!best || s > score || (s == score && comes_first(pair, *best))) {
        score = s;
        best = &pair;
      }
      ++k;
    }
    if (!best) return false;
    const std::uint32_t left = best->left, right = best->right;
    merged = {names_[left], names_[right], names_[left] + names_[right].substr(2),
              best->count,  counts_[left], counts_[right],
              score};
    const std::uint32_t joined = number(merged.piece);
    const std::vector<std::uint32_t> places = best->words;  // the pair itself changes below
    for (const std::uint32_t place : places) join(place, left, right, joined);
    return true;
  }

 private:
  struct Word {
    std::vector<std::uint32_t> pieces;
    std::size_t count;
  };
  struct Pair {
    std::uint32_t left, right;
    std::size_t count = 0;
    bool frequent = false;                  ///< it stands in frequent_
    std::vector<std::uint32_t> words = {};  ///< where it was once; a word may be there twice
  };

  std::uint32_t number(const std::string& piece) {
    const auto [entry, is_new] =
        numbers_.try_emplace(piece, static_cast<std::uint32_t>(names_.size()));
    if (is_new) {
      names_.push_back(piece);
      counts_.push_back(0);
    }
    return entry->second;
  }

  bool comes_first(const Pair& a, const Pair& b) const {
    const int left = names_[a.left].compare(names_[b.left]);
    return left < 0 || (left == 0 && names_[a.right] < names_[b.right]);
  }

  void count_pieces(const Word& word, bool more) {
    for (const std::uint32_t piece : word.pieces) {
      counts_[piece] = more ? counts_[piece] + word.count : counts_[piece] - word.count;
    }
  }

  /// Adds the pairs of a word to the counts, or takes them away; `is_new` tells for which the word
  /// is not yet known to hold them.
  template <class IsNew>
  void count_pairs(std::uint32_t place, bool more, IsNew is_new) {
    const Word& word = words_[place];
    for (std::size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const std::uint32_t left = word.pieces[i], right = word.pieces[i + 1];
      const auto [entry, unseen] =
          pair_numbers_.try_emplace(std::uint64_t{left} << 32 | right, pairs_.size());
      if (unseen) pairs_.push_back({left, right});
      Pair& pair = pairs_[entry->second];
      pair.count = more ? pair.count + word.count : pair.count - word.count;
      if (!more) continue;
      if (is_new(pair)) pair.words.push_back(place);
      if (pair.count >= least_ && !pair.frequent) {
        pair.frequent = true;
        frequent_.push_back(entry->second);
      }
    }
  }

  void join(std::uint32_t place, std::uint32_t left, std::uint32_t right, std::uint32_t joined) {
    const std::vector<std::uint32_t>& old = words_[place].pieces;
    std::vector<std::uint32_t> pieces;
    for (std::size_t i = 0; i < old.size(); ++i) {
      const bool here = old[i] == left && i + 1 < old.size() && old[i + 1] == right;
      pieces.push_back(here ? joined : old[i]);
      i += here;
    }
    if (pieces.size() == old.size()) return;  // another merge was there before
    count_pieces(words_[place], false);
    count_pairs(place, false, [](const Pair&) { return false; });
    words_[place].pieces = std::move(pieces);
    count_pieces(words_[place], true);
    count_pairs(place, true,
                [joined](const Pair& p) { return p.left == joined || p.right == joined; });
  }

  std::size_t least_;
  std::vector<std::string> names_;  // of pieces, by number
  std::vector<std::size_t> counts_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<Word> words_;
  std::vector<Pair> pairs_;
  std::unordered_map<std::uint64_t, std::size_t> pair_numbers_;
  std::vector<std::size_t> frequent_;  // pairs that may be merged
};

}  // namespace

TrainedVocabulary train_pieces(const std::map<std::string, std::size_t>& word_counts,
                               std::size_t size, std::size_t least) {
  if (size <= kSpecial.size())
    throw Error(
        ErrorKind::usage, fmt::format("no room for a piece in a vocabulary of {}", size),
        fmt::format("{} are special: ask for {} or more", kSpecial.size(), kSpecial.size() + 1));
  PieceCounts counts(std::max<std::size_t>(least, 1));
  for (const auto& [word, count] : word_counts) {
    if (std::find(kSpecial.begin(), kSpecial.end(), word) == kSpecial.end())
      counts.add(word, count);
  }
  TrainedVocabulary out;
  out.pieces = kSpecial;
  const std::vector<std::string> characters = counts.frequent(size - kSpecial.size());
  out.pieces.insert(out.pieces.end(), characters.begin(), characters.end());
  std::unordered_set<std::string> made;
  for (PieceMerge merge; out.pieces.size() < size && counts.merge(merge);) {
    if (made.insert(merge.piece).second) out.pieces.push_back(merge.piece);
    out.merges.push_back(merge);
  }
  return out;
}

}  // namespace attn
