#pragma once
// The options of `train`, which `train translate` shares.
#include <string>
#include <vector>

#include "app/learning/training.h"

namespace attn::app {

/// What only `train translate` asks.
struct TranslationChoices {
  std::string language = "english-german", variant = "attention", score = "general", norm = "post",
              save_model;
  bool tied = false;
};

struct TrainOptions {
  std::vector<std::string> task;
  std::string model = "attention", checkpoint;
  std::int64_t length = 6, dim = 64, seed = 1, threads = 1;
  TrainingChoices training;
  TranslationChoices translation;
  bool resume = false;
};
void train_translation(Stage& s, const TrainOptions& o);

}  // namespace attn::app
