#pragma once
#include <string>
#include <vector>

namespace attn_exercise {

/// What the running case came to, as far as it is known.
struct Outcome {
  std::string status = "right";  ///< right, wrong, ended, threw, memory
  std::string message;
  std::vector<std::string> misconceptions;
  std::string function = {};  ///< the last that was called
  // As text, with line breaks: what it was given, what came back, what is right.
  std::vector<std::string> arguments = {};
  std::string yours = {}, expected = {};
};
Outcome& outcome();

}  // namespace attn_exercise
