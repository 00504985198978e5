#pragma once
// Several trainings at the same time, each on one processor.
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>

#include "app/frame/stage.h"

namespace attn::app {

/// Through which several trainings report to one observer (which may be null).
class SharedProgress : public Progress {
 public:
  SharedProgress(Progress* to, std::size_t total) : to_(to), total_(total) {}
  void show(const std::string& line) override;
  bool stop() override;
  void one_more() { ++done_; }
  bool stopped() const { return stopped_; }

 private:
  Progress* to_;
  std::size_t total_;
  std::atomic<std::size_t> done_ = 0;
  std::atomic<bool> stopped_ = false;
};

/// Calls train(0) ... train(count - 1), at most `threads` at a time; none begins after the observer
/// asked to stop, or after an error. Throws the first Error again, behind name(i), with this hint;
/// any other exception as it is.
void train_in_parallel(std::size_t count, int threads, SharedProgress& progress,
                       const std::function<void(std::size_t)>& train,
                       const std::function<std::string(std::size_t)>& name,
                       const std::string& hint);

}  // namespace attn::app
