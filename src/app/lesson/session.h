#pragma once
#include <functional>
#include <optional>
#include <string>

#include "app/frame/console.h"
#include "app/lesson/reading.h"
#include "app/lesson/record.h"

namespace attn::app {

/// Which blocks stand on one screen.
struct Screen {
  std::vector<std::size_t> blocks;
  bool asks = false;  ///< its last block is a question
};
/// A screen ends at "---", at a question, and behind a result with its claims.
std::vector<Screen> screens_of(const Lesson& lesson);

/// Reads the lesson with a learner: screen by screen from `first` on, or where it was left,
/// questions before their results. `save` is called after every step; at the end of input it stops
/// where it is. Returns true if the learner came to the end.
bool hold_session(Reading& reading, const std::string& number, Console& console,
                  LessonRecord& record, const std::function<void(const LessonRecord&)>& save,
                  std::optional<std::size_t> first = {});

}  // namespace attn::app
