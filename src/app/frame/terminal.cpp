#include "app/frame/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace attn::app {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    std::string upper(value);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    return upper.find("UTF-8") != std::string::npos || upper.find("UTF8") != std::string::npos;
  }
  return false;
}

std::size_t window_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const std::string_view columns = environment("COLUMNS");
  std::size_t width = 0;
  const auto [end, error] = std::from_chars(columns.data(), columns.data() + columns.size(), width);
  return error == std::errc() && end == columns.data() + columns.size() && width > 0
             ? std::min<std::size_t>(width, 500)
             : 80;
}

}  // namespace

Terminal detect_terminal(const std::string& color) {
  Terminal t;
  t.width = window_width();
  t.is_terminal = isatty(STDOUT_FILENO) == 1;
  t.unicode = locale_is_utf8();
  const std::string_view colorterm = environment("COLORTERM");
  t.truecolor = colorterm == "truecolor" || colorterm == "24bit";
  if (color == "always" || color == "never") {
    t.color = color == "always";
  } else if (!environment("NO_COLOR").empty()) {
    t.color = false;
  } else if (const std::string_view force = environment("CLICOLOR_FORCE");
             !force.empty() && force != "0") {
    t.color = true;
  } else {
    t.color = t.is_terminal && environment("TERM") != "dumb" && !environment("TERM").empty();
  }
  return t;
}

RenderOptions render_options(const Common& common, const Terminal& terminal) {
  RenderOptions o;
  o.width = terminal.width;
  o.color = terminal.color;
  o.truecolor = terminal.truecolor;
  o.unicode = terminal.unicode;
  o.plain = common.plain;
  o.quiet = common.quiet;
  o.timing = common.timing;
  o.precision = static_cast<int>(common.precision);
  o.column_convention = common.convention == "column";
  o.show = common.show;
  return o;
}

bool has_matrices(const Trace& trace) {
  return std::any_of(trace.items.begin(), trace.items.end(), [](const Item& item) {
    const auto* table = std::get_if<Table>(&item);
    return std::holds_alternative<Step>(item) || (table && !table->only_data);
  });
}

}  // namespace attn::app
