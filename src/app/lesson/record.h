#pragma once
#include <cstddef>
#include <map>
#include <string>

namespace attn::app {

/// What a learner answered to one question, the first time.
struct AnswerRecord {
  bool right = false;
  int confidence = 0;  ///< 1 to 3; 0 if none was given
  int hints = 0;
  bool shown = false;  ///< "show me" came before an answer

  bool operator==(const AnswerRecord&) const = default;
};

/// How far somebody is in a lesson.
struct LessonRecord {
  std::size_t screen = 0, screens = 0;  ///< where to go on, of how many
  bool finished = false;
  std::map<int, AnswerRecord> answers;  ///< by number of the question, from 1

  bool operator==(const LessonRecord&) const = default;
};

}  // namespace attn::app
