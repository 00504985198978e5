#pragma once
#include <cstddef>
#include <string>

namespace attn {

/// How a trace is shown. Every renderer takes these and the Trace, and nothing else.
struct RenderOptions {
  std::size_t width = 80;          ///< columns of the window; at least 20 are used
  bool color = false;              ///< heat as background colours
  bool truecolor = false;          ///< the terminal knows 24-bit colours (COLORTERM says so)
  bool unicode = true;             ///< the terminal shows UTF-8
  bool plain = false;              ///< linear text, see plain()
  bool quiet = false;              ///< only the matrices with their names
  int precision = -1;              ///< decimals; -1 chooses them for each matrix
  bool column_convention = false;  ///< show the last two axes exchanged
  bool timing = false;             ///< what each step cost, and not the sum alone
  std::string show;                ///< glob of the steps to show, see matches(); "" shows all
};

}  // namespace attn
