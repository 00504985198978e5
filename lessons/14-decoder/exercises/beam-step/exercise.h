#pragma once
#include <tuple>
#include <vector>

#include "matrix.h"

/// The beginning of a sentence, and the sum of the logarithms of its words' probabilities.
struct Beam {
  std::vector<int> words;
  double log_probability = 0;
  auto fields() { return std::tie(words, log_probability); }  // for the tests
};

/// The `width` best of all beginnings that are one word longer. log_probabilities (beams, V): row b
/// holds those of each word behind beam b. A beam whose last word is `end` stays as it is.
std::vector<Beam> beam_step(const std::vector<Beam>& beams, const Matrix& log_probabilities,
                            std::size_t width, int end);

// What the tests call.
#define EXERCISE_FUNCTIONS beam_step
