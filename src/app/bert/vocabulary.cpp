#include "app/bert/vocabulary.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"

namespace attn::app {

PieceVocabulary find_vocabulary(const std::string& place) {
  constexpr const char* kOwn = "english.vocab.txt";
  if (place.empty()) return PieceVocabulary::parse(data_file(kOwn), kOwn);
  std::error_code problem;
  std::string file = place;
  if (std::filesystem::is_directory(place, problem)) {
    file = (std::filesystem::path(place) / "vocab.txt").string();
    if (!std::filesystem::exists(file, problem))
      throw Error(ErrorKind::io, fmt::format("the folder {} has no vocab.txt", escaped(place, 200)),
                  "name the folder of a BERT checkpoint, or a file with one piece on each line");
  }
  return PieceVocabulary::parse(read_file(file, PieceVocabulary::kMostBytes), file);
}

bool has_capitals(const PieceVocabulary& vocabulary) {
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    const std::string& piece = vocabulary.piece(id);
    const std::string_view letters =
        std::string_view(piece).substr(piece.starts_with("##") ? 2 : 0);
    const bool reserved = piece.starts_with("[") && piece.ends_with("]");  // [CLS], [unused1]
    if (!reserved && characters(letters).size() > 1 && lower(letters) != letters) return true;
  }
  return false;
}

}  // namespace attn::app
