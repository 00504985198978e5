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

/// The numbers in a text: "6 000" and "6,000" are 6000; digits inside a name are none.
std::vector<double> literal_numbers(std::string_view text);

}  // namespace attn::app
