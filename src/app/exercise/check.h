#pragma once
// An answer tried case by case. The cases and the verdict are in the tester's process and in ours;
// the learner's code runs in a third one, which is asked for values and knows nothing else.
#include <string>
#include <vector>

#include "app/exercise/workshop.h"

namespace attn::app {

struct CaseResult {
  std::string name;
  int points = 0, worth = 0;
  std::string status;  ///< right, wrong, threw, crash, exit, time, memory, output, process
  std::string message;
  std::vector<std::string> misconceptions;  ///< ids; several where several fit equally
  std::string printed;                      ///< the beginning of what the learner's code printed
  /// As text, with line breaks: what the function was given, what it gave, what is right.
  std::string input = {}, yours = {}, expected = {};
};

struct CheckResult {
  std::string exercise, lesson;
  bool compiled = false;
  std::string compiler;  ///< its messages
  std::vector<CaseResult> cases;

  int points() const;
  int worth() const;
};

/// Compiles the answer and runs every case, each in processes of its own.
/// Throws Interrupted; Error if the exercise itself is broken.
CheckResult check_answer(Workshop& workshop, const Exercise& exercise, const std::string& answer);

}  // namespace attn::app
