#include "app/sequences/path_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include "app/sequences/by_hand.h"
#include "attn/nn/encoder.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

constexpr real kInk = std::numeric_limits<real>::quiet_NaN();

}  // namespace

Search search(const Graph& g, std::size_t from) {
  Search s{std::vector<std::size_t>(g.names.size(), kNone),
           std::vector<std::size_t>(g.names.size(), kNone),
           std::vector<Graph::Arc>(g.names.size())};
  std::deque<std::size_t> open{from};
  s.distance[from] = 0;
  while (!open.empty()) {
    const std::size_t u = open.front();
    open.pop_front();
    for (const Graph::Arc& arc : g.arcs[u]) {
      if (s.distance[arc.to] != kNone) continue;
      s.distance[arc.to] = s.distance[u] + 1;
      s.parent[arc.to] = u;
      s.arc[arc.to] = arc;
      open.push_back(arc.to);
    }
  }
  return s;
}

std::size_t nearest_end(const Graph& g, const Search& s, std::size_t i) {
  std::size_t best = kNone;
  for (const std::size_t end : g.ends[i]) {
    if (s.distance[end] != kNone && (best == kNone || s.distance[end] < s.distance[best]))
      best = end;
  }
  return best;
}

std::vector<std::size_t> route(const Search& s, std::size_t end) {
  std::vector<std::size_t> nodes;
  for (std::size_t u = end; u != kNone; u = s.parent[u]) nodes.push_back(u);
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

std::size_t longest_chain(const Graph& g) {
  std::vector<std::size_t> waiting(g.names.size(), 0), depth(g.names.size(), 0);
  for (const auto& arcs : g.arcs) {
    for (const Graph::Arc& arc : arcs) ++waiting[arc.to];
  }
  std::vector<std::size_t> open;
  for (std::size_t u = 0; u < waiting.size(); ++u) {
    if (waiting[u] == 0) open.push_back(u);
  }
  std::size_t longest = 0;
  while (!open.empty()) {
    const std::size_t u = open.back();
    open.pop_back();
    longest = std::max(longest, depth[u]);
    for (const Graph::Arc& arc : g.arcs[u]) {
      depth[arc.to] = std::max(depth[arc.to], depth[u] + 1);
      if (--waiting[arc.to] == 0) open.push_back(arc.to);
    }
  }
  return longest;
}

Array marks(const Array& x, const std::function<Array(const Array&)>& forward) {
  const std::size_t n = rows(x), d = columns(x);
  Array out = zeros({n, n});
  for (std::size_t j = 0; j < n; ++j) {
    Array marked = x;
    std::fill_n(marked.data() + j * d, d, kInk);
    const Array after = forward(marked);
    for (std::size_t i = 0; i < n; ++i) {
      const auto result = row(after, i);
      out.data()[i * n + j] =
          std::any_of(result.begin(), result.end(), [](real v) { return std::isnan(v); }) ? 1 : 0;
    }
  }
  return out;
}

namespace {

/// One layer of the model, run alone.
Tensor run_layer(const SequenceSizes& z, Parameters& from, std::size_t l, const Tensor& h) {
  const auto convolve = [&](std::size_t taps, std::size_t out, std::size_t dilation, bool causal) {
    const std::string at = fmt::format("layer.{}.", l);
    return convolution_layer(
        Run{}, h, {from.get(at + "w", {taps, z.width, out}, 1), from.get(at + "b", {out}, 1)},
        dilation, causal);
  };
  if (z.kind == SequenceKind::fc) return convolve(1, z.ff, 1, false);
  if (z.kind == SequenceKind::window) return convolve(2 * z.radius + 1, z.ff, 1, false);
  if (z.kind == SequenceKind::cnn) return add(Run{}, h, convolve(z.kernel, z.width, 1, false));
  if (z.kind == SequenceKind::tcn)
    return add(Run{}, h, convolve(z.kernel, z.width, std::size_t{1} << l, true));
  return encode(Run{}, h, encoder_layer(from, l, {z.width, z.heads, z.ff}), l, {.heads = z.heads},
                {});
}

/// Layer after layer: nodes are positions. What comes out of the last is returned through `output`.
Graph layered_graph(const SequenceSizes& z, Parameters& from, const Array& x, Array& output) {
  Graph g;
  const std::size_t n = rows(x), layers = is_local(z.kind) ? 1 : z.layers;
  for (std::size_t t = 0; t < n; ++t) g.node(fmt::format("x{}", t));
  g.ends.resize(n);
  output = x;
  for (std::size_t l = 0; l < layers; ++l) {
    const std::size_t below = l * n, above = below + n;
    for (std::size_t t = 0; t < n; ++t)
      g.ends[t].push_back(g.node(fmt::format("layer {} at {}", l, t)));
    const auto layer = [&](const Array& h) { return run_layer(z, from, l, Tensor(h)).value(); };
    g.connect({fmt::format("layer.{}.edges", l),
               "1 where position i of this layer is computed from position j below",
               "The layer run alone, again and again, each time with one row of what it reads set "
               "to NaN.",
               Tensor(marks(output, layer))},
              below, above);
    output = layer(output);
  }
  return g;
}

/// Step after step: nodes are the inputs and the hidden states of one or two directions.
Graph recurrent_graph(const SequenceSizes& z, Parameters& from, const Array& x, Array& output) {
  Graph g;
  const std::size_t n = rows(x), nets = z.kind == SequenceKind::birnn ? 2 : 1, h = z.width / nets;
  const Cell cell = cell_of(z.kind);
  for (std::size_t t = 0; t < n; ++t) g.node(fmt::format("x{}", t));
  g.ends.resize(n);
  output = empty({n, nets * h});
  for (std::size_t net = 0; net < nets; ++net) {
    const std::string at = nets == 1 ? "" : net == 0 ? "forward." : "backward.";
    const std::size_t w = gates_of(cell) * h;
    const RecurrentParameters p{from.get(at + "w_x", {z.width, w}, 1),
                                from.get(at + "w_h", {h, w}, 1), from.get(at + "b_x", {w}, 1),
                                from.get(at + "b_h", {w}, 1)};
    const bool reversed = net == 1;
    const std::vector<HandState> states = recurrent_by_hand(cell, x, p, reversed);
    // The step at t again, from states of which one may be marked.
    const auto step = [&](std::size_t t, const Array& input, const std::vector<HandState>& known) {
      const bool first = reversed ? t + 1 == n : t == 0;
      return recurrent_step_by_hand(cell, input, t, p,
                                    first ? HandState{} : known[reversed ? t + 1 : t - 1])
          .h;
    };
    Array by_input = zeros({n, n}), by_hidden = zeros({n, n});
    for (std::size_t j = 0; j < n; ++j) {
      Array marked = x;
      std::fill_n(marked.data() + j * z.width, z.width, kInk);
      std::vector<HandState> known = states;
      known[j].h.assign(h, kInk);
      known[j].c.assign(h, kInk);
      for (std::size_t i = 0; i < n; ++i) {
        by_input.data()[i * n + j] = std::isnan(step(i, marked, states)[0]) ? 1 : 0;
        by_hidden.data()[i * n + j] = std::isnan(step(i, x, known)[0]) ? 1 : 0;
      }
    }
    const std::size_t first = g.names.size();
    for (std::size_t t = 0; t < n; ++t) {
      g.ends[t].push_back(g.node(fmt::format("{}{}", nets == 1 ? "h" : net == 0 ? "f" : "b", t)));
      std::copy(states[t].h.begin(), states[t].h.end(),
                output.data() + t * columns(output) + net * h);
    }
    g.connect({at + "input.edges", "1 where step i alone is computed from input j",
               "Each step reads its own input.", Tensor(std::move(by_input))},
              0, first);
    g.connect({at + "hidden.edges", "1 where step i alone is computed from hidden state j",
               reversed ? "Each step reads the hidden state of the step after it."
                        : "Each step reads the hidden state of the step before it.",
               Tensor(std::move(by_hidden))},
              first, first);
  }
  return g;
}

}  // namespace

Graph graph_of(const SequenceSizes& z, Parameters& from, const Array& x, Array& output) {
  return is_recurrent(z.kind) ? recurrent_graph(z, from, x, output)
                              : layered_graph(z, from, x, output);
}

}  // namespace attn::app
