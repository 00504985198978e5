#pragma once
// The cells of a comparison: one model, one length, one seed, trained and measured, and kept on
// disk so that an interrupted comparison goes on where it stopped.
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "app/learning/training.h"

namespace attn::app {

/// What a trained cell showed.
struct CellResult {
  std::string model;
  std::size_t length = 0, examples = 0;
  std::uint64_t seed = 0;
  std::size_t parameters = 0, width = 0;
  std::uint64_t steps = 0;
  double train_seconds = 0;
  Score score;
  double train_accuracy = std::numeric_limits<double>::quiet_NaN();  ///< on a pool of examples
  std::size_t sequential_steps = 0, longest_path = 0, sees_back = 0;
};

/// What has to be equal for two results to be comparable; its text is part of a cell's file.
struct CellSettings {
  std::string task;
  std::size_t budget = 0;
  TrainingChoices training;
};

/// "gru n=8", or "gru n=8 examples 100": for messages.
std::string cell_name(const CellSettings& settings, const std::string& model, std::size_t length);

/// Trains and measures one cell. `progress` may be null; empty if it asked to stop.
std::optional<CellResult> run_cell(const CellSettings& settings, const std::string& model,
                                   std::size_t length, std::uint64_t seed, Progress* progress);

/// The model of a cell: the sizes nearest to the budget of parameters.
SequenceSizes cell_sizes(const CellSettings& settings, const Task& task, const std::string& model);

/// Name of a cell's file: readable, with a hash of all settings.
std::string cell_file(const CellSettings& settings, const std::string& model, std::size_t length,
                      std::uint64_t seed);

/// A result as JSON (docs/contract.md, section Measuring). Of a pool of examples it has their
/// number and "train_accuracy", of one label for each sequence "read".
std::string cell_json(const CellSettings& settings, const CellResult& result);

/// A cell's file: its JSON in an envelope with a checksum.
void write_cell(const std::string& path, const CellSettings& settings, const CellResult& result);
/// Empty if the file is damaged, or is of another cell or of other settings.
std::optional<CellResult> read_cell(const std::string& path, const CellSettings& settings,
                                    const std::string& model, std::size_t length,
                                    std::uint64_t seed);

}  // namespace attn::app
