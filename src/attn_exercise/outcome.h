#pragma once
#include <string>
#include <vector>

namespace attn_exercise {

/// What the running case came to, as far as it is known.
struct Outcome {
  std::string status = "right";  ///< right, wrong, ended, threw, memory
  std::string message;
  std::vector<std::string> misconceptions;
  // As text, with line breaks: what the last call was given, what came back, what is right.
  std::string input = {}, yours = {}, expected = {};
};
Outcome& outcome();

}  // namespace attn_exercise
