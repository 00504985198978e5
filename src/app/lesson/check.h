#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "app/lesson/library.h"
#include "app/lesson/reading.h"

namespace attn::app {

/// Something that is wrong with a lesson.
struct Problem {
  std::string place;  ///< "lessons/05-attention/lesson.md:12"
  std::string text;
  bool slow = false;  ///< a run took too long; says as much about the machine
};

/// What was looked at, for a summary.
struct LessonCheck {
  std::vector<Problem> problems;
  std::size_t runs = 0, claims = 0, questions = 0;
  double seconds = 0;  ///< of all runs
};

/// Reads a lesson in this language, runs everything in it, and says what is wrong. A translation is
/// also held against the English one. With `progress`, long runs show how far they are; throws
/// Interrupted after Ctrl-C.
LessonCheck check_lesson(const Library& library, const LessonEntry& entry,
                         const std::string& language, bool progress);

}  // namespace attn::app
