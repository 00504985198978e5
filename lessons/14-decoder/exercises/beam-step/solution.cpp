#include <algorithm>

#include "exercise.h"

std::vector<Beam> beam_step(const std::vector<Beam>& beams, const Matrix& log_probabilities,
                            std::size_t width, int end) {
  std::vector<Beam> candidates;
  for (std::size_t b = 0; b < beams.size(); ++b) {
    if (!beams[b].words.empty() && beams[b].words.back() == end) {
      candidates.push_back(beams[b]);
      continue;
    }
    for (std::size_t word = 0; word < log_probabilities.columns; ++word) {
      Beam longer = beams[b];
      longer.words.push_back(int(word));
      longer.log_probability += log_probabilities(b, word);
      candidates.push_back(longer);
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Beam& a, const Beam& b) {
    return a.log_probability > b.log_probability;
  });
  if (candidates.size() > width) candidates.resize(width);
  return candidates;
}
