#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "app/lesson/reading.h"

namespace attn::app {

struct ProseProblem {
  std::size_t line = 0;
  std::string text;
};

/// What is wrong with the prose alone: numbers that no block holds, screens that are too long,
/// commands that could not be typed, the missing end.
std::vector<ProseProblem> prose_problems(Reading& reading);

}  // namespace attn::app
