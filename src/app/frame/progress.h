#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "app/frame/interrupt.h"
#include "app/frame/stage.h"

namespace attn::app {

/// Shows the progress of long work as one line on standard error, and hears Ctrl-C: the first asks
/// the work to stop and keep what it has, the second leaves at once (exit 130). Where standard
/// error is no terminal, a line every ten seconds.
class StandardProgress : public Progress {
 public:
  StandardProgress();
  ~StandardProgress() override;
  void show(const std::string& line) override;
  bool stop() override;

 private:
  bool terminal_;
  bool shown_ = false;
  std::optional<InterruptWatch> watch_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace attn::app
