#include "app/frame/waiting.h"

#include <unistd.h>

#include <string_view>

#include "app/frame/interrupt.h"

namespace attn::app {

namespace {

void write_waiting(std::string_view text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Waiting::~Waiting() {
  if (shown_) write_waiting("\r             \r");  // spaces: a dumb terminal has no other way
}

void Waiting::show(const std::string&) {
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin_;
  if (shown_ || since.count() < 1) return;
  shown_ = true;
  write_waiting("computing ...");
}

bool Waiting::stop() { return InterruptWatch::came(); }

}  // namespace attn::app
