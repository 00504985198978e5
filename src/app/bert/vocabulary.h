#pragma once
#include <string>

#include "attn/text/wordpiece.h"

namespace attn::app {

/// The vocabulary in a vocab.txt, or in the vocab.txt of a folder; "": the program's own (English,
/// small letters). Throws what reading and PieceVocabulary::parse throw, and Error(io) for a folder
/// without vocab.txt.
PieceVocabulary find_vocabulary(const std::string& place);

/// True if a piece of several characters has a capital letter: such a vocabulary wants its text as
/// it is.
bool has_capitals(const PieceVocabulary& vocabulary);

}  // namespace attn::app
