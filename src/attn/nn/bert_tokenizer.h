#pragma once
// How the folder of a BERT says that a text becomes pieces.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn/text/wordpiece.h"

namespace attn {

/// The files as bytes. One of the first and the last must be there.
struct TokenizerFiles {
  std::optional<std::string_view> vocabulary = {};  ///< vocab.txt
  std::optional<std::string_view> config = {};      ///< tokenizer_config.json
  std::optional<std::string_view> document = {};    ///< tokenizer.json
};

struct BertTokenizer {
  PieceVocabulary vocabulary;
  WordRules rules;
  std::vector<std::string> remarks;  ///< what was assumed, and what is not done as the files say
};

/// The pieces of vocab.txt, or without it those of tokenizer.json. Whether capital letters become
/// small ones and accents go: `uncased` where it is given, else tokenizer_config.json, else the
/// normalizer of tokenizer.json, else whether the vocabulary has pieces with capital letters, which
/// is remarked. Throws Error(bad_input) for files that are wrong, `folder` naming them, and what
/// PieceVocabulary::parse throws. Source: huggingface.co/docs/transformers, "BertTokenizer".
BertTokenizer load_tokenizer(const std::string& folder, const TokenizerFiles& files,
                             std::optional<bool> uncased = {});

/// The same of a folder. Throws what read_file throws, too.
BertTokenizer load_tokenizer(const std::string& folder, std::optional<bool> uncased = {});

/// The same of a vocabulary alone.
BertTokenizer tokenizer_of(PieceVocabulary vocabulary, std::optional<bool> uncased = {});

}  // namespace attn
