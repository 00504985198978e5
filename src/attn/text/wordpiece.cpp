#include "attn/text/wordpiece.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn {

PieceVocabulary PieceVocabulary::parse(std::string_view vocab_txt, const std::string& name) {
  if (vocab_txt.size() > kMostBytes)
    throw Error(ErrorKind::limit,
                fmt::format("{}: {} bytes; a vocabulary has at most {}", escaped(name, 200),
                            vocab_txt.size(), kMostBytes),
                "is it the right file? vocab.txt has one piece on each line");
  if (vocab_txt.starts_with("\xEF\xBB\xBF")) vocab_txt.remove_prefix(3);
  std::vector<std::string> pieces;
  while (!vocab_txt.empty() && pieces.size() <= kMostPieces) {
    const std::size_t end = std::min(vocab_txt.find('\n'), vocab_txt.size());
    std::string_view line = vocab_txt.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    pieces.emplace_back(line);
    vocab_txt.remove_prefix(std::min(end + 1, vocab_txt.size()));
  }
  return PieceVocabulary(std::move(pieces), name);
}

PieceVocabulary::PieceVocabulary(std::vector<std::string> pieces, const std::string& name)
    : pieces_(std::move(pieces)) {
  if (pieces_.size() > kMostPieces)
    throw Error(ErrorKind::limit,
                fmt::format("{}: more than {} pieces, the most there may be", escaped(name, 200),
                            kMostPieces),
                "is it the right file? vocab.txt has one piece on each line");
  ids_.reserve(pieces_.size());
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    const std::string& piece = pieces_[id];
    const auto wrong = [&](const std::string& what, const std::string& hint) {
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}, line {}: {}", escaped(name, 200), id + 1, what), hint);
    };
    // A line that goes would move all behind it, silently: never advise that.
    const auto another_name = [](const std::string& where, std::size_t line) {
      return fmt::format(
          "a line's number is a piece's id, so take no line out: write a name that "
          "no text has {}, such as [unused-{}]",
          where, line);
    };
    if (piece.empty()) wrong("no piece", another_name("there", id));
    if (!valid_utf8(piece))
      wrong(fmt::format("\"{}\" is not UTF-8", escaped(piece)), "save the file as UTF-8");
    if (piece.find_first_of("\r\n") != std::string::npos)
      wrong(fmt::format("\"{}\" has a line break inside", escaped(piece)),
            "end lines with LF or CR LF");
    const auto [entry, is_new] = ids_.try_emplace(piece, id);
    if (!is_new)
      wrong(fmt::format("\"{}\" is also on line {}", escaped(piece), entry->second + 1),
            // The last one counts for the programs that such models were trained with.
            another_name(fmt::format("on line {}", entry->second + 1), entry->second));
    longest_ = std::max(longest_, piece.size());
  }
  std::vector<std::string_view> missing;
  for (const auto& [special, id] :
       std::initializer_list<std::pair<std::string_view, std::size_t*>>{{"[PAD]", &pad_},
                                                                        {"[UNK]", &unknown_},
                                                                        {"[CLS]", &cls_},
                                                                        {"[SEP]", &sep_},
                                                                        {"[MASK]", &mask_}}) {
    const std::optional<std::size_t> found = find(special);
    if (found) {
      *id = *found;
    } else {
      missing.push_back(special);
    }
  }
  if (!missing.empty())
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: no {} among its {} pieces", escaped(name, 200),
                            joined(missing, ", "), pieces_.size()),
                "BERT needs [PAD], [UNK], [CLS], [SEP] and [MASK], each on a line of its own");
}

std::optional<std::size_t> PieceVocabulary::find(std::string_view piece) const {
  const auto found = ids_.find(piece);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

bool PieceVocabulary::is_special(std::size_t id) const {
  return id == pad_ || id == unknown_ || id == cls_ || id == sep_ || id == mask_;
}

std::string PieceVocabulary::text() const {
  std::string out;
  for (const std::string& piece : pieces_) out.append(piece).append("\n");
  return out;
}

namespace {

/// Where the word's code points begin, and its end.
std::vector<std::size_t> places_of(std::string_view word) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if ((static_cast<unsigned char>(word[at]) & 0xC0) != 0x80) places.push_back(at);
  }
  places.push_back(word.size());
  return places;
}

}  // namespace

PieceSearch word_pieces(const PieceVocabulary& vocabulary, std::string_view word,
                        bool keep_search) {
  PieceSearch out;
  const std::vector<std::size_t> places = places_of(word);
  const std::size_t n = places.size() - 1;
  if (n > kLongestWord) {
    out.ids = {vocabulary.unknown()};
    return out;
  }
  for (std::size_t begin = 0; begin < n;) {
    std::string rest = begin == 0 ? "" : "##";
    const std::size_t marks = rest.size();
    rest += word.substr(places[begin]);
    PieceSearch::Step step;
    std::size_t end = n;
    for (; end > begin; --end) {
      const std::string_view piece =
          std::string_view(rest).substr(0, marks + places[end] - places[begin]);
      if (piece.size() > vocabulary.longest() && !keep_search) continue;
      if (const auto id = vocabulary.find(piece)) {
        step.found = piece;
        out.ids.push_back(*id);
        break;
      }
      if (keep_search) step.tried.emplace_back(piece);
    }
    if (keep_search) out.steps.push_back(std::move(step));
    if (end == begin) {
      out.ids = {vocabulary.unknown()};
      return out;
    }
    begin = end;
  }
  return out;
}

std::vector<std::size_t> encode_pieces(const PieceVocabulary& vocabulary, std::string_view text,
                                       const WordRules& rules) {
  std::vector<std::size_t> out;
  for (const std::string& word : basic_words(text, rules)) {
    const std::vector<std::size_t> ids = word_pieces(vocabulary, word).ids;
    out.insert(out.end(), ids.begin(), ids.end());
  }
  return out;
}

std::string piece_with_capitals(const PieceVocabulary& vocabulary) {
  for (const std::string& piece : vocabulary.pieces()) {
    const std::string_view letters =
        std::string_view(piece).substr(piece.starts_with("##") ? 2 : 0);
    const bool reserved = piece.starts_with("[") && piece.ends_with("]");  // [CLS], [unused1]
    if (!reserved && characters(letters).size() > 1 && lower(letters) != letters) return piece;
  }
  return {};
}

}  // namespace attn
