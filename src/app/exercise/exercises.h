#pragma once
// The exercises of the lessons: lessons/NN-slug/exercises/NAME/.
#include <cstddef>
#include <string>
#include <vector>

namespace attn::app {

struct Exercise {
  std::string lesson;  ///< "08-softmax"
  std::string name;    ///< "stable-softmax"
  std::string title;   ///< the first line of exercise.md
  int points = 0;
  std::string text, header, stub, test;  ///< exercise.md, exercise.h, stub.cpp, test.cpp
};

/// All of them in the order of the lessons: those that the program holds, or, if `folder` is not
/// "", those of a folder of lessons. Throws what read_file throws; Error(bad_input) for an exercise
/// with a file missing, without a title or without points.
std::vector<Exercise> exercises(const std::string& folder = {});

/// The one with this name. Throws Error(usage) with what may be meant.
Exercise find_exercise(const std::string& name, const std::string& folder = {});

/// What stands below "## Hints" in exercise.md, one after the other.
std::vector<std::string> hints_of(const Exercise& exercise);
/// exercise.md without them, with how to get them.
std::string text_without_hints(const Exercise& exercise);

/// The file in which a learner works, and the only one that is handed in.
inline constexpr const char* kAnswerFile = "answer.cpp";
inline constexpr std::size_t kLongestAnswer = std::size_t{1} << 20;
/// Its first line, which tells the exercise.
std::string first_line(const Exercise& exercise);
/// The name in that line. Throws Error(bad_input) if `answer` begins otherwise; `path` is for the
/// message.
std::string exercise_of(const std::string& answer, const std::string& path);

/// The bytes of matrix.h, which every exercise has beside it.
std::string matrix_header();

}  // namespace attn::app
