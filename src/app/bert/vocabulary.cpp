#include "app/bert/vocabulary.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

void bind_letters(Cli& cli, LettersOptions& o) {
  cli.flag("--cased", o.cased, "keep capital letters and accents, whatever the files say");
  cli.flag("--uncased", o.uncased, "small letters without accents, whatever the files say");
}

std::optional<bool> asked_uncased(const LettersOptions& o) {
  if (o.cased && o.uncased)
    throw Error(ErrorKind::usage, "--cased and --uncased are both given", "choose one of them");
  if (o.cased || o.uncased) return o.uncased;
  return std::nullopt;
}

BertTokenizer find_tokenizer(const std::string& place, std::optional<bool> uncased) {
  constexpr const char* kOwn = "english.vocab.txt";
  if (place.empty())
    return tokenizer_of(PieceVocabulary::parse(data_file(kOwn), kOwn), uncased.value_or(true));
  namespace fs = std::filesystem;
  std::error_code problem;
  if (fs::is_directory(place, problem)) {
    if (!fs::exists(fs::path(place) / "vocab.txt", problem) &&
        !fs::exists(fs::path(place) / "tokenizer.json", problem))
      throw Error(ErrorKind::io, fmt::format("the folder {} has no vocab.txt", escaped(place, 200)),
                  "name the folder of a BERT checkpoint, or a file with one piece on each line");
    return load_tokenizer(place, uncased);
  }
  const std::string bytes = read_file(place, PieceVocabulary::kMostBytes);
  if (fs::path(place).filename() == "tokenizer.json")
    return load_tokenizer(fs::path(place).parent_path().string(), {.document = bytes}, uncased);
  return tokenizer_of(PieceVocabulary::parse(bytes, place), uncased);
}

}  // namespace attn::app
