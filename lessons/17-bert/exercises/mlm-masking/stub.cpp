#include "exercise.h"

Masked mask_words(const std::vector<int>& ids, const Matrix& draws, int mask_id, int first_word,
                  int vocabulary) {
  Masked result;
  result.ids = ids;
  result.targets = ids;
  // TODO: choose positions, remember what stood there, and put something in their place.
  if (draws.rows != ids.size() || mask_id >= first_word || vocabulary <= first_word) result = {};
  return result;
}
