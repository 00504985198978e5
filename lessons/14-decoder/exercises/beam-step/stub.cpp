#include "exercise.h"

#include <algorithm>

std::vector<Beam> beam_step(const std::vector<Beam>& beams, const Matrix& log_probabilities,
                            std::size_t width, int end) {
  std::vector<Beam> candidates = beams;
  // TODO: all beams that are one word longer, sorted, and of these the best.
  candidates.resize(std::min(width, candidates.size()));
  if (end < 0 || std::size_t(end) >= log_probabilities.columns) candidates.clear();
  return candidates;
}
