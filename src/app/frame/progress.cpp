#include "app/frame/progress.h"

#include <unistd.h>

#include <csignal>

#include "app/frame/terminal.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

volatile std::sig_atomic_t stops_asked = 0;

void on_stop(int) {
  stops_asked = stops_asked + 1;
  if (stops_asked > 1) _exit(130);
}

void write_progress(const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

StandardProgress::StandardProgress()
    : terminal_(isatty(STDERR_FILENO) == 1), last_(std::chrono::steady_clock::now()) {
  stops_asked = 0;
}

StandardProgress::~StandardProgress() {
  if (terminal_ && shown_) write_progress("\r\x1b[K");  // the line goes, the result comes
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
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
  if (!listening_) {  // only work that asks may be interrupted gently; Ctrl-C ends all other at
                      // once
    std::signal(SIGINT, on_stop);
    std::signal(SIGTERM, on_stop);
    listening_ = true;
  }
  return stops_asked > 0;
}

}  // namespace attn::app
