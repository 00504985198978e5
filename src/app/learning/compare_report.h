#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/learning/cells.h"

namespace attn::app {

struct CompareOptions {
  std::string task = "recall", models = "fc,window,rnn,birnn,lstm,gru,cnn,attention", cache, shard;
  std::vector<std::string> merge;
  std::vector<std::int64_t> lengths = {8, 16, 32, 64};
  std::int64_t seeds = 3, budget = 30'000, threads = 2;
  TrainingChoices training;
};

/// Finished cells by model and length.
using Results = std::map<std::pair<std::string, std::size_t>, std::vector<CellResult>>;

/// Puts tables, a plot and a verdict into the stage's trace. The verdict claims only what 95 %
/// intervals support.
void report_comparison(Stage& s, const CompareOptions& o, const std::vector<std::string>& models,
                       const Results& results);

}  // namespace attn::app
