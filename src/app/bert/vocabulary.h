#pragma once
#include <optional>
#include <string>

#include "app/frame/cli.h"
#include "attn/nn/bert_tokenizer.h"

namespace attn::app {

/// --cased and --uncased, where the files do not say it or say it wrongly.
struct LettersOptions {
  bool cased = false, uncased = false;
};
void bind_letters(Cli& cli, LettersOptions& o);
/// What load_tokenizer() is asked; nothing if neither is given. Throws Error(usage) for both.
std::optional<bool> asked_uncased(const LettersOptions& o);

/// The vocabulary in a vocab.txt or tokenizer.json, or that of a checkpoint's folder; "": the
/// program's own (English, small letters). Throws what reading and load_tokenizer throw, and
/// Error(io) for a folder without a vocabulary.
BertTokenizer find_tokenizer(const std::string& place, std::optional<bool> uncased = {});

}  // namespace attn::app
