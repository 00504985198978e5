#include "app/frame/interrupt.h"

#include <unistd.h>

#include <csignal>

namespace attn::app {

namespace {

volatile std::sig_atomic_t interrupts = 0;

void on_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(130);
}

void listen(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a read ends
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupts = 0;
  listen(on_interrupt);
}

InterruptWatch::~InterruptWatch() {
  listen(SIG_DFL);
  interrupts = 0;
}

bool InterruptWatch::came() { return interrupts > 0; }

}  // namespace attn::app
