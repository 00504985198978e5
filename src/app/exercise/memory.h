#pragma once
// What a learner has done with the exercises: exercises.json in the user's data folder.
#include <map>
#include <string>

namespace attn::app {

struct ExerciseRecord {
  int hints = 0;        ///< how many were read
  int points = 0;       ///< the most that a check gave
  bool solved = false;  ///< all points were reached
};
using ExerciseRecords = std::map<std::string, ExerciseRecord>;

/// By the names of the exercises. Empty where the file cannot be read: an exercise needs no memory.
ExerciseRecords exercise_records();

/// What is remembered of this exercise.
ExerciseRecord record_of(const ExerciseRecords& records, const std::string& exercise);

/// Remembers the larger of what is there and this. Where it cannot be kept, it is not.
void remember(const std::string& exercise, const ExerciseRecord& record);

}  // namespace attn::app
