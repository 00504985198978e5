// The input is a vocab.txt, a line "====", and a text (without that line: only the file). What is
// read is written and read back; a text becomes ids in range, words of it come back from their
// pieces, and each word lies inside the text.
#include <algorithm>

#include "attn/text/wordpiece.h"
#include "properties.h"

namespace {

void check_text(const attn::PieceVocabulary& vocabulary, std::string_view text, bool uncased) {
  std::vector<std::size_t> ids;
  for (const attn::BasicWord& word : attn::located_words(text, uncased)) {
    fuzz::require(!word.word.empty(), "no empty words");
    fuzz::require(word.begin < word.end && word.end <= text.size(), "words within the text");
    const attn::PieceSearch search = attn::word_pieces(vocabulary, word.word, true);
    fuzz::require(search.ids == attn::word_pieces(vocabulary, word.word).ids,
                  "with steps, without");
    ids.insert(ids.end(), search.ids.begin(), search.ids.end());
    std::string together;
    for (const std::size_t id : search.ids) {
      fuzz::require(id < vocabulary.size(), "ids in range");
      together += vocabulary.piece(id).substr(together.empty() ? 0 : 2);
    }
    const bool known = !search.steps.empty() && !search.steps.back().found.empty();
    fuzz::require(known ? together == word.word : search.ids.size() == 1, "pieces make the word");
    fuzz::require(known || search.ids[0] == vocabulary.unknown(), "or it is unknown");
  }
  fuzz::require(ids == attn::encode_pieces(vocabulary, text, uncased),
                "encode is words and pieces");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view file(reinterpret_cast<const char*>(data), size), text;
  if (const std::size_t at = file.find("\n====\n"); at != std::string_view::npos) {
    text = file.substr(at + 6);
    file = file.substr(0, at);
  }
  fuzz::run([&] {
    const attn::PieceVocabulary vocabulary = attn::PieceVocabulary::parse(file, "input");
    fuzz::require(
        attn::PieceVocabulary::parse(vocabulary.text(), "again").pieces() == vocabulary.pieces(),
        "vocabulary round trip");
    for (const bool uncased : {true, false}) check_text(vocabulary, text, uncased);
  });
  std::map<std::string, std::size_t> counts;
  for (const std::string& word : attn::basic_words(text, true)) ++counts[word];
  const attn::TrainedVocabulary learnt = attn::train_pieces(counts, 40, 1);
  fuzz::require(learnt.pieces.size() <= 40, "no more pieces than asked for");
  fuzz::require(attn::PieceVocabulary(learnt.pieces).size() == learnt.pieces.size(),
                "what is learnt is a vocabulary");
  return 0;
}
