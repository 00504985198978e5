#pragma once
// What learners really get wrong: the names that homework, exercises and lessons share.
#include <string_view>
#include <vector>

namespace attn::app {

struct Misconception {
  std::string_view id;       ///< "scale-missing"
  std::string_view mistake;  ///< what was done, as half a sentence
  std::string_view help;     ///< one or two sentences that help without giving the number
};

/// All of them, in the order of the course.
const std::vector<Misconception>& misconceptions();
/// The one with this id, or null.
const Misconception* find_misconception(std::string_view id);

}  // namespace attn::app
