#pragma once
#include <csignal>

namespace attn::app {

/// Thrown where Ctrl-C ended work early: half a result is none.
struct Interrupted {};

/// While one lives, the first Ctrl-C (or SIGTERM) is noted and the second leaves at once (exit
/// 130). A closed terminal (SIGHUP) and the warning of a batch system before its time limit
/// (SIGUSR1) are noted as well, however often they come. Reading from the terminal returns when one
/// comes.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  ~InterruptWatch();

  /// True once one of them came.
  static bool came();
  /// Goes on as if Ctrl-C had not come; true if it had. The end that the system asks for (SIGTERM)
  /// is not forgotten.
  static bool forget();

 private:
  struct sigaction before_interrupt_ = {}, before_end_ = {}, before_hangup_ = {}, before_user_ = {};
};

}  // namespace attn::app
