#pragma once
#include <cstddef>
#include <string>

namespace attn::app {

/// What standard output is able to show.
struct Terminal {
  std::size_t width = 80;
  bool is_terminal = false;
  bool color = false;
  bool truecolor = false;
  bool unicode = false;
};

/// `color` is the option: "always" and "never" beat NO_COLOR, which beats CLICOLOR_FORCE, which
/// beats the question whether standard output is a terminal that is not dumb.
Terminal detect_terminal(const std::string& color);

}  // namespace attn::app
