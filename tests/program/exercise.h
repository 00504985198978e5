#pragma once
// Answers to exercises, for the tests.
#include <string>

#include "app/exercise/exercises.h"
#include "program/process.h"

namespace attn::test {

inline const std::string kLessons = ATTN_REFERENCE_DIR "/../../lessons";

/// An answer to this exercise, with its first line.
inline std::string answer_to(const std::string& exercise, const std::string& code) {
  return "// attn exercise " + exercise + ": a test\n" + code;
}

inline std::string solution_of(const app::Exercise& e) {
  return Folder::read(kLessons + "/" + e.lesson + "/exercises/" + e.name + "/solution.cpp");
}

}  // namespace attn::test
