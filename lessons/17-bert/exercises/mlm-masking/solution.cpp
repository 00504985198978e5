#include "exercise.h"

Masked mask_words(const std::vector<int>& ids, const Matrix& draws, int mask_id, int first_word,
                  int vocabulary) {
  Masked result;
  result.ids = ids;
  result.targets.assign(ids.size(), -1);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < first_word || draws(i, 0) >= 0.15) continue;
    result.targets[i] = ids[i];
    if (draws(i, 1) < 0.8) {
      result.ids[i] = mask_id;
    } else if (draws(i, 1) < 0.9) {
      result.ids[i] = first_word + int(draws(i, 2) * (vocabulary - first_word));
    }
  }
  return result;
}
