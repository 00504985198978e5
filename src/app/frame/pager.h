#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "app/frame/console.h"

namespace attn::app {

/// Columns of a line that may hold the codes of colours.
std::size_t width_without_colors(std::string_view line);
/// How many lines of a window of this width the text takes; colours take none.
std::size_t lines_in_window(std::string_view text, std::size_t width);

/// Writes to a console, and waits for Enter where more would come than its window holds.
class Pager {
 public:
  explicit Pager(Console& console) : console_(console) {}

  /// False if the reader left, or the input ended, at a wait.
  [[nodiscard]] bool write(std::string_view text);
  /// Somebody typed: what stands above has been read.
  void read() { used_ = 0; }

 private:
  Console& console_;
  std::size_t used_ = 0;  // lines since somebody typed
};

}  // namespace attn::app
