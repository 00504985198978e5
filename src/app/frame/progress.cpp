#include "app/frame/progress.h"

#include <unistd.h>

#include "app/frame/terminal.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

void write_progress(const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

StandardProgress::StandardProgress()
    : terminal_(isatty(STDERR_FILENO) == 1), last_(std::chrono::steady_clock::now()) {}

StandardProgress::~StandardProgress() {
  if (terminal_ && shown_) write_progress("\r\x1b[K");  // the line goes, the result comes
}

void StandardProgress::show(const std::string& line) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> since = now - last_;
  if (since.count() < (terminal_ ? 0.1 : 10)) return;
  shown_ = true;
  last_ = now;
  if (terminal_) {
    write_progress("\r\x1b[K" + cut(line, detect_terminal("auto").width - 1, "~"));
  } else {
    write_progress(line + "\n");
  }
}

bool StandardProgress::stop() {
  // Only work that asks may be interrupted gently; Ctrl-C ends all other at once.
  if (!watch_) watch_.emplace();
  return InterruptWatch::came();
}

}  // namespace attn::app
