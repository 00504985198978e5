#include "app/frame/progress.h"

#include <unistd.h>

#include <csignal>

#include "app/frame/terminal.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

volatile std::sig_atomic_t interrupts = 0;

void on_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(130);
}

void write_error(const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

StandardProgress::StandardProgress()
    : terminal_(isatty(STDERR_FILENO) == 1), last_(std::chrono::steady_clock::now()) {
  interrupts = 0;
}

StandardProgress::~StandardProgress() {
  if (terminal_ && shown_) write_error("\r\x1b[K");  // the line goes, the result comes
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
    write_error("\r\x1b[K" + cut(line, detect_terminal("auto").width - 1, "~"));
  } else {
    write_error(line + "\n");
  }
}

bool StandardProgress::stop() {
  if (!listening_) {  // only work that asks may be interrupted gently; Ctrl-C ends all other at
                      // once
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    listening_ = true;
  }
  return interrupts > 0;
}

}  // namespace attn::app
