#pragma once
// --edges: who is joined to whom, in words.
#include <string>
#include <vector>

#include "attn/core/array.h"

namespace attn::app {

struct GraphEdges {
  Array matrix;         ///< (n,n): 1 where row i looks at node j
  std::string loops;    ///< edges of a node with itself, as written: they change nothing
  std::string doubled;  ///< edges that were there already, as written
};

/// Reads edges apart by blanks or commas: "a-b" looks both ways, "a>b" only from a to b. Throws
/// Error(usage) for what is no edge, a name that is none of `names`, and names that stand twice.
GraphEdges read_edges(const std::string& text, const std::vector<std::string>& names);

}  // namespace attn::app
