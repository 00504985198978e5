#pragma once
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "app/learning/cells.h"

namespace attn::app {

struct CompareOptions {
  std::string task = "recall", models = "fc,window,rnn,birnn,lstm,gru,cnn,attention", cache, shard;
  std::vector<std::string> merge;
  std::vector<std::int64_t> lengths = {8, 16, 32, 64};
  std::vector<std::int64_t> examples;  ///< sizes of the pool of training examples; empty: endless
  std::int64_t seeds = 3, budget = 30'000, threads = 2;
  TrainingChoices training;
};

/// A column of the report: sequences of this length, and of how many examples was learnt.
struct Column {
  std::size_t length, examples;
  Column(std::size_t n, std::size_t pool = 0) : length(n), examples(pool) {}
  bool operator<(const Column& other) const {
    return std::tie(length, examples) < std::tie(other.length, other.examples);
  }
};

/// In the order in which they are shown.
std::vector<Column> columns_of(const CompareOptions& o);

/// Finished cells by model and column.
using Results = std::map<std::pair<std::string, Column>, std::vector<CellResult>>;

/// Puts tables, a plot and a verdict into the stage's trace. The verdict claims only what 95 %
/// intervals support.
void report_comparison(Stage& s, const CompareOptions& o, const std::vector<std::string>& models,
                       const Results& results);

}  // namespace attn::app
