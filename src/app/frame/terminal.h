#pragma once
#include <cstddef>
#include <string>

#include "app/frame/stage.h"
#include "attn/render/render.h"

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

/// How a command's trace is shown there, as its options ask for.
RenderOptions render_options(const Common& common, const Terminal& terminal);
/// --quiet leaves the matrices and tables; where there are none, it leaves what there is.
bool has_matrices(const Trace& trace);

}  // namespace attn::app
