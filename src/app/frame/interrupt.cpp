#include "app/frame/interrupt.h"

#include <unistd.h>

namespace attn::app {

namespace {

volatile std::sig_atomic_t interrupts = 0, last_signal = 0;

void on_interrupt(int signal) {
  last_signal = signal;
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(130);
}

void on_warning(int) {
  if (interrupts == 0) interrupts = 1;
}

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupts = 0;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a read ends
  sigaction(SIGINT, &action, &before_interrupt_);
  sigaction(SIGTERM, &action, &before_end_);
  action.sa_handler = on_warning;
  sigaction(SIGUSR1, &action, &before_user_);
  sigaction(SIGHUP, &action, &before_hangup_);
  // nohup: the work goes on when the terminal is closed.
  if (before_hangup_.sa_handler == SIG_IGN) sigaction(SIGHUP, &before_hangup_, nullptr);
}

InterruptWatch::~InterruptWatch() {
  sigaction(SIGINT, &before_interrupt_, nullptr);
  sigaction(SIGTERM, &before_end_, nullptr);
  sigaction(SIGUSR1, &before_user_, nullptr);
  sigaction(SIGHUP, &before_hangup_, nullptr);
  interrupts = 0;
}

bool InterruptWatch::came() { return interrupts > 0; }

bool InterruptWatch::forget() {
  if (interrupts == 0 || last_signal == SIGTERM) return false;
  interrupts = 0;
  return true;
}

}  // namespace attn::app
