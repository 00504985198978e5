#include "app/learning/parallel.h"

#include <fmt/format.h>

#include <exception>

#include "attn/core/error.h"
#include "attn/core/gemm.h"

namespace attn::app {

void SharedProgress::show(const std::string& line) {
#pragma omp critical(attn_progress)
  if (to_) to_->show(fmt::format("[{}/{} done] {}", done_.load(), total_, line));
}

bool SharedProgress::stop() {
  if (to_ && to_->stop()) stopped_ = true;
  return stopped_;
}

void train_in_parallel(std::size_t count, int threads, SharedProgress& progress,
                       const std::function<void(std::size_t)>& train,
                       const std::function<std::string(std::size_t)>& name,
                       const std::string& hint) {
  std::exception_ptr error;
  std::atomic<bool> failed = false;
  set_threads(1);
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::size_t i = 0; i < count; ++i) {
    if (progress.stopped() || failed) continue;
    // No exception may leave a parallel region, whatever it is: that would end the program. The
    // first is thrown again behind it.
    const auto keep = [&](const std::exception_ptr& thrown) {
#pragma omp critical(attn_training_error)
      {
        if (!failed) error = thrown;
        failed = true;
      }
    };
    try {
      train(i);
      if (!progress.stopped()) progress.one_more();
    } catch (const Error& e) {
      keep(
          std::make_exception_ptr(Error(e.kind(), fmt::format("{}: {}", name(i), e.what()), hint)));
    } catch (...) {  // no memory, for one
      keep(std::current_exception());
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace attn::app
