#pragma once
// What the commands that train share: their options, and the loop around a Trainer.
#include <cstdint>
#include <functional>
#include <string>

#include "app/frame/stage.h"
#include "attn/train/trainer.h"

namespace attn::app {

/// What every training asks for.
struct TrainingChoices {
  std::int64_t layers = 2, heads = 2, ff = 0, kernel = 3, radius = 2, steps = 5000, batch = 16,
               warmup = 400;
  double dropout = 0, rate = 3e-3, clip = 1, smoothing = 0;
  std::string optimizer = "adam", schedule = "warmup";
  std::string read;            ///< of a task with one label for each sequence; else empty
  std::string mask = "graph";  ///< of a task with graphs
  std::int64_t examples = 0;   ///< 0: endless ones
  std::int64_t patch = 3;      ///< of vit, on a side
};
void bind_training(Cli& cli, TrainingChoices& c);
SequenceSizes sequence_sizes(const TrainingChoices& c, const Task& task, const std::string& kind,
                             std::size_t width);
/// Throws Error(usage) if the task has no use for an option that was given, or the model cannot
/// read what the task gives.
void check_choices(const Common& common, const Task& task, const std::vector<std::string>& models);
TrainingOptions training_options(const TrainingChoices& c, std::uint64_t seed);

/// Bytes that a training step keeps for the way back, about.
double training_bytes(const TrainingChoices& c, const Task& task, const SequenceSizes& sizes);

/// Saves what was learnt. Where that fails, the results are shown all the same, and the reason
/// after them.
void save_at_last(Trace& trace, const std::function<void()>& save);

/// Throws Error(usage) unless --checkpoint (may be empty) and --resume go together.
void check_checkpoint(const std::string& checkpoint, bool resume);
/// Runs the trainer: the progress line, the checkpoints, Ctrl-C. True if it was interrupted.
/// `checkpoint` may be empty: nothing is kept.
bool run_training(Stage& s, const std::string& checkpoint, bool resume, Trainer& trainer);
/// The table of steps and time.
void show_effort(Trace& trace, const Trainer& trainer);

}  // namespace attn::app
