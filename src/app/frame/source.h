#pragma once
// Where the vectors of a stage come from. A text, a matrix, a picture, a recording, a molecule:
// each is a row of one table. A stage sees X and the names of its rows, and nothing of where they
// came from.
#include <cstdint>
#include <string>
#include <vector>

#include "attn/graph/tensor.h"

namespace attn::app {

class Cli;
class Stage;
struct Common;

/// How a file becomes vectors.
struct SourceOptions {
  std::int64_t patch = 1, bands = 40;
  double window_ms = 25, hop_ms = 10;
  bool grey = false;
  std::string at;
};
void bind_sources(Cli& cli, SourceOptions& o);

/// One row of the table.
struct Source {
  std::string name;                  ///< "a picture"
  std::vector<std::string> endings;  ///< ".png"; of a text none
  std::vector<std::string> options;  ///< those of the command line that are for it alone
  bool is_picture;                   ///< it notes `pixels`
  bool ordered;         ///< its vectors stand in an order, so a stage may add positions unasked
  std::string tokens;   ///< what stands in the place of words; "" where the rows have no names
  std::string vectors;  ///< what stands in the place of the table of embeddings
  /// X (n,d). Notes what X is made of, not X itself; names the rows and, where they have one, gives
  /// the stage its mask.
  Tensor (*read)(Stage& s);
};

/// The row of what a command is given: by the ending of --input, or a text. Throws
/// Error(bad_input) for an unknown ending, Error(usage) for an option that belongs to another row.
const Source& source_of(const Common& common);
/// The matrix of an .npy or .csv file, which `what` is ("X"). Throws Error(bad_input) if it has no
/// row or no column.
Tensor read_rows(const std::string& path, const char* what);
/// True if X comes from words.
bool is_text(const Source& source);

}  // namespace attn::app
