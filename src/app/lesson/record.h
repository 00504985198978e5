#pragma once
#include <cstddef>
#include <map>
#include <string>

namespace attn::app {

/// What a learner did with one question.
struct AnswerRecord {
  bool right = false;     ///< the first answer
  int confidence = 0;     ///< in it: 1 to 3; 0 if none was given
  int hints = 0;          ///< how many were read
  bool shown = false;     ///< by "show me"
  bool answered = false;  ///< before it was shown
  bool done = false;      ///< answered right in the end, or shown: it is not asked again

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
