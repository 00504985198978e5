#pragma once
#include <string>
#include <vector>

#include "app/lesson/question.h"
#include "attn/core/error.h"

namespace attn::app {

/// A line of a lesson with its number.
struct SourceLine {
  std::string text;
  std::size_t line = 0;
};

/// Throws Error(bad_input): "lessons/05-attention/lesson.md:12: ...".
[[noreturn]] void lesson_error(const std::string& source, std::size_t line,
                               const std::string& message, const std::string& hint = "");

/// Runs the reader of a part; its error gets the place in front.
template <class Read>
auto read_at(const std::string& source, std::size_t line, const Read& read) {
  try {
    return read();
  } catch (const Error& e) {
    throw Error(e.kind(), source + ":" + std::to_string(line) + ": " + e.what(), e.hint());
  }
}

/// The lines of an ask block that begins at `line`.
Question parse_question(const std::vector<SourceLine>& lines, const std::string& source,
                        std::size_t line);

}  // namespace attn::app
