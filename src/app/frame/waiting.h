#pragma once
#include <chrono>

#include "app/frame/stage.h"

namespace attn::app {

/// Watches a run whose result a question is about: it says that the program computes, and no number
/// that would give the answer away. Hears Ctrl-C through an InterruptWatch.
class Waiting : public Progress {
 public:
  Waiting() : begin_(std::chrono::steady_clock::now()) {}
  ~Waiting() override;
  void show(const std::string& line) override;
  bool stop() override;

 private:
  std::chrono::steady_clock::time_point begin_;
  bool shown_ = false;
};

}  // namespace attn::app
