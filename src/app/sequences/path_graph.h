#pragma once
// The graph of what is computed from what in a sequence model, found by running it, and the ways
// through it.
#include <functional>
#include <string>
#include <vector>

#include "attn/nn/sequence_model.h"

namespace attn::app {

/// A matrix of edges: [i,j] is 1 where thing i is computed from thing j.
struct Edges {
  std::string path, formula, about;
  Tensor matrix;
};

/// What was found: matrices of edges, and the graph that they make. An arc knows the number it
/// stands for.
struct Graph {
  struct Arc {
    std::size_t to, matrix, index;
  };
  std::vector<std::vector<Arc>> arcs;          // by node; the first n nodes are the inputs
  std::vector<std::string> names;              // of the nodes: "x0", "h3"
  std::vector<std::vector<std::size_t>> ends;  // the nodes from which output i is read
  std::vector<Edges> edges;

  std::size_t node(std::string name) {
    names.push_back(std::move(name));
    arcs.emplace_back();
    return names.size() - 1;
  }
  /// Adds what `values` says between nodes from + j and to + i.
  void connect(Edges e, std::size_t from, std::size_t to) {
    const Array& m = e.matrix.value();
    for (std::size_t k = 0; k < m.size(); ++k) {
      if (m.data()[k] != 0)
        arcs[from + k % columns(m)].push_back({to + k / columns(m), edges.size(), k});
    }
    edges.push_back(std::move(e));
  }
};

/// Breadth first from one input: how far every node is, and the arc by which it was first reached.
struct Search {
  std::vector<std::size_t> distance, parent;
  std::vector<Graph::Arc> arc;
};

inline constexpr std::size_t kNone = ~std::size_t{0};

Search search(const Graph& g, std::size_t from);
/// The nearest of the nodes that output i is read from, or kNone.
std::size_t nearest_end(const Graph& g, const Search& s, std::size_t i);
/// The nodes from an input to `end`.
std::vector<std::size_t> route(const Search& s, std::size_t end);
/// The most nodes that must wait for one another, inputs not counted.
std::size_t longest_chain(const Graph& g);

/// [i,j] = 1 where row i of forward(x) is computed from row j of x: that row is set to NaN, which
/// marks everything computed from it, whatever the weights are.
Array marks(const Array& x, const std::function<Array(const Array&)>& forward);

/// The model of these sizes on x: positions layer after layer, or hidden states step after step.
/// `output` gets what its layers or steps give, one after another.
Graph graph_of(const SequenceSizes& z, Parameters& from, const Array& x, Array& output);

}  // namespace attn::app
