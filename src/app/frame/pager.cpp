#include "app/frame/pager.h"

#include <algorithm>

#include "attn/text/utf8.h"

namespace attn::app {

std::size_t width_without_colors(std::string_view line) {
  std::string bare;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = std::min(line.find('m', i), line.size());
    } else {
      bare += line[i];
    }
  }
  return display_width(bare);
}

namespace {

/// How many lines of the window it takes.
std::size_t height(std::string_view line, std::size_t width) {
  const std::size_t columns = width_without_colors(line);
  return columns == 0 ? 1 : (columns + width - 1) / width;
}

}  // namespace

std::size_t lines_in_window(std::string_view text, std::size_t width) {
  std::size_t lines = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += height(text.substr(0, end), std::max<std::size_t>(width, 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool Pager::write(std::string_view text) {
  constexpr std::size_t kPrompt = 2;  // an empty line and the prompt itself
  while (!text.empty()) {
    const std::size_t rows = console_.rows();
    const std::size_t end = text.find('\n');
    if (rows == 0 || end == std::string_view::npos) {
      console_.write(text);
      return true;
    }
    const std::size_t lines =
        height(text.substr(0, end), std::max<std::size_t>(console_.options().width, 1));
    if (used_ > 0 && used_ + lines + kPrompt > rows) {
      console_.write("-- more: Enter -- ");
      const auto line = console_.read_line();
      if (!line || *line == "q" || *line == "Q") return false;
      used_ = 0;
    }
    console_.write(text.substr(0, end + 1));
    used_ += lines;
    text.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace attn::app
