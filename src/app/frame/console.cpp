#include "app/frame/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "app/frame/interrupt.h"
#include "app/frame/process.h"

namespace attn::app {

namespace {

/// Of a longer line the rest is read and forgotten.
constexpr std::size_t kLongestLine = 1 << 16;

}  // namespace

void StandardConsole::write(std::string_view text) { write_all(STDOUT_FILENO, text); }

bool StandardConsole::answers() const {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

std::size_t StandardConsole::rows() const {
  winsize size{};
  return answers() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

const RenderOptions& StandardConsole::options() const {
  winsize size{};
  if (answers() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    options_.width = size.ws_col;
  return options_;
}

std::optional<std::string> StandardConsole::read_line() {
  for (;;) {
    if (InterruptWatch::came()) return {};
    if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (read_.size() > kLongestLine) read_.resize(kLongestLine);
    char bytes[4096];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (read_.empty()) return {};
      return std::exchange(read_, {});
    }
    read_.append(bytes, static_cast<std::size_t>(count));
  }
}

}  // namespace attn::app
