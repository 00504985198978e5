#pragma once

namespace attn::app {

/// While one lives, the first Ctrl-C is noted and the second leaves at once (exit 130). Reading
/// from the terminal returns when it comes.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  ~InterruptWatch();

  /// True once Ctrl-C came.
  static bool came();
};

}  // namespace attn::app
