#pragma once
#include <tuple>
#include <vector>

#include "matrix.h"

/// What the model reads, and what it has to guess: -1 where it has to guess nothing.
struct Masked {
  std::vector<int> ids, targets;
  auto fields() { return std::tie(ids, targets); }  // for the tests
};

/// Hides words for a masked language model. Ids below `first_word` are special: never chosen, never
/// put in. `draws` (n, 3) holds random numbers in [0, 1), three for each position.
Masked mask_words(const std::vector<int>& ids, const Matrix& draws, int mask_id, int first_word,
                  int vocabulary);

// What the tests call.
#define EXERCISE_FUNCTIONS mask_words
