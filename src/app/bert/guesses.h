#pragma once
// Guesses at hidden words: what `bert mlm` and `bert fill` share.
#include <cstdint>
#include <vector>

#include "app/bert/bert.h"

namespace attn::app {

/// An input with hidden words: what stood there, where that is known.
struct Hidden {
  BertInput input;                    ///< as the model reads it
  std::vector<std::size_t> places;    ///< where a guess is asked
  std::vector<std::int64_t> targets;  ///< the id that was there, -1 where nothing is asked; empty:
                                      ///< nobody knows
};

/// The [MASK]s that the text itself has.
Hidden written_masks(const BertInput& input, const PieceVocabulary& vocabulary);

/// Reads, and guesses at the hidden places. -> probabilities (m,V). Notes everything.
Tensor guess(Stage& s, const BertCheckpoint& bert, const Hidden& hidden);

/// The columns of the largest numbers in row r, largest first.
std::vector<std::size_t> likeliest(const Array& table, std::size_t r, std::size_t most);

/// The table of the likeliest words at each hidden place.
void show_guesses(Stage& s, const BertCheckpoint& bert, const Hidden& hidden,
                  const Array& probabilities);

}  // namespace attn::app
