#pragma once
#include <csignal>

namespace attn::app {

/// Thrown where Ctrl-C ended work early: half a result is none.
struct Interrupted {};

/// While one lives, the first Ctrl-C is noted and the second leaves at once (exit 130). Reading
/// from the terminal returns when it comes.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  ~InterruptWatch();

  /// True once Ctrl-C came.
  static bool came();
  /// Goes on as if Ctrl-C had not come; true if it had. The end that the system asks for (SIGTERM)
  /// is not forgotten.
  static bool forget();

 private:
  struct sigaction before_interrupt_ = {}, before_end_ = {};
};

}  // namespace attn::app
