// Sheet 8: attention along the edges of a graph.
#include <cmath>
#include <limits>
#include <utility>

#include "app/homework/worksheet.h"
#include "app/homework/wrong.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn::app::homework {

namespace {

// W is square, so that whoever forgets it or applies it twice can compute on.
constexpr std::size_t kNodes = 5, kEdges = 5, kNodeWidth = 3;
constexpr double kSlope = 0.2;

/// Some of all pairs of nodes, each once and in any direction.
Array drawn_edges(Rng& rng) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < kNodes; ++i) {
    for (std::size_t j = i + 1; j < kNodes; ++j) pairs.emplace_back(i, j);
  }
  Array out = empty({kEdges, 2});
  for (std::size_t e = 0; e < kEdges; ++e) {
    std::swap(pairs[e], pairs[e + rng.below(pairs.size() - e)]);
    const std::size_t first = rng.below(2);
    out(e, first) = static_cast<real>(pairs[e].first);
    out(e, 1 - first) = static_cast<real>(pairs[e].second);
  }
  return out;
}

/// True if some node has a negative number in each column: a LeakyReLU of the vectors shows.
bool bends_each_column(const Array& h) {
  for (std::size_t c = 0; c < columns(h); ++c) {
    bool negative = false;
    for (std::size_t i = 0; i < rows(h); ++i) negative |= h(i, c) < 0;
    if (!negative) return false;
  }
  return true;
}

Tensor times_w(const Values& v, const char* of) { return linear({}, v[of], v["w"]); }

Values draw_graph(Rng& rng) {
  Values v;
  v.set("edges", drawn_edges(rng));
  v.set("a", drawn(rng, {1, 2 * kNodeWidth}, -2, 2, 0.25));
  do {
    v.set("x", drawn(rng, {kNodes, kNodeWidth}, -1, 2));
    v.set("w", drawn(rng, {kNodeWidth, kNodeWidth}, -1, 1));
  } while (!bends_each_column(times_w(v, "x").value()));
  return v;
}

/// a . [h_i; h_j] for each pair.
Tensor pair_scores(const Values& v, const Tensor& h) {
  return edge_scores({}, h, Tensor(reshaped(v["a"].value(), {2 * kNodeWidth})));
}

Array bent(const Tensor& s, double slope = kSlope) { return leaky_relu({}, s, slope).value(); }

Array node_mask(const Values& v) { return graph_mask(kNodes, v["edges"].value()); }

/// Node i looks at j, but j not at i (side 0), or the other way round (side 1).
Array one_way(const Values& v, std::size_t side) {
  const Array& edges = v["edges"].value();
  Array mask = graph_mask(kNodes, empty({0, 2}));
  for (std::size_t e = 0; e < rows(edges); ++e)
    mask(index_of(edges(e, side), kNodes), index_of(edges(e, 1 - side), kNodes)) = 0;
  return mask;
}

/// The mask in which nobody looks at itself.
Array without_self(Array mask) {
  for (std::size_t i = 0; i < kNodes; ++i) mask(i, i) = -std::numeric_limits<real>::infinity();
  return mask;
}

Wrongs wrong_h(const Values& v) {
  return {{"matrix-transposed", linear({}, v["x"], transpose({}, v["w"])).value()},
          {"projection-missing", v["x"].value()},
          {"projection-twice", linear({}, times_w(v, "x"), v["w"]).value()}};
}

Wrongs wrong_node_mask(const Values& v) {
  const Array right = node_mask(v);
  const double infinity = std::numeric_limits<double>::infinity();
  // 1 to look at, 0 to hide: a mask before it is made additive.
  return {{"mask-zero", kept(right)},
          {"mask-inverted", mapped(right, [&](double m) { return m == 0 ? -infinity : 0.0; })},
          {"self-missing", without_self(right)},
          {"edge-one-way", one_way(v, 0)},
          {"edge-one-way", one_way(v, 1)}};
}

Wrongs wrong_pair_scores(const Values& v) {
  const Tensor s = pair_scores(v, v["h"]);
  return {{"halves-swapped", bent(transpose({}, s))},
          {"leaky-missing", s.value()},
          {"leaky-slope", bent(s, 0.01)},
          {"leaky-slope", bent(s, 0)},
          {"leaky-order", pair_scores(v, Tensor(bent(v["h"]))).value()},
          {"projection-missing", bent(pair_scores(v, v["x"]))},
          {"projection-twice", bent(pair_scores(v, times_w(v, "h")))}};
}

void add_looks(Wrongs& to, std::string_view id, const Tensor& s, const Array& mask) {
  for (Array& value : kept_softmax(s, kept(mask))) to.push_back({id, std::move(value)});
}

Wrongs wrong_edge_weights(const Values& v) {
  Wrongs w;
  const Tensor &s = v["scores"], &mask = v["mask"];
  const Array keep = kept(mask.value());
  add_wrong_mask(w, s, keep);
  w.push_back({"mask-missing", softmax({}, s).value()});
  add_looks(w, "self-missing", s, without_self(mask.value()));
  for (const std::size_t side : {0, 1}) add_looks(w, "edge-one-way", s, one_way(v, side));
  for (const Array& value : kept_softmax(transpose({}, s), transposed(keep)))
    w.push_back({"softmax-over-queries", transposed(value)});
  const Tensor once = softmax({}, s, mask);
  w.push_back({"softmax-twice", softmax({}, once).value()});
  w.push_back({"softmax-twice", softmax({}, once, mask).value()});
  w.push_back({"softmax-base", softmax({}, scale({}, s, std::log(2.0)), mask).value()});
  return w;
}

Wrongs wrong_mixed(const Values& v) {
  const Tensor& weights = v["weights"];
  return {{"projection-missing", matmul({}, weights, v["x"]).value()},
          {"projection-twice", matmul({}, weights, times_w(v, "h")).value()},
          {"weights-transposed", matmul({}, transpose({}, weights), v["h"]).value()}};
}

}  // namespace

Sheet graph_sheet() {
  Sheet sheet;
  sheet.name = "graph";
  sheet.title = "Graph attention";
  sheet.intro =
      "Five nodes of a graph, and edges between some of them. One head of graph attention "
      "(Velickovic et al. 2018): each node looks along its edges and at itself. A node is here "
      "what "
      "a token is on other sheets.";
  sheet.given = {{"x", "X: row i is node i"},
                 {"edges",
                  "each row holds two nodes, counted from 0, that are joined. An edge "
                  "joins both ways: each of the two looks at the other"},
                 {"w", "W"},
                 {"a",
                  "a: the first half meets the node that looks, the second half the node "
                  "that is looked at"}};
  sheet.draw = draw_graph;
  sheet.steps = {
      {.name = "h",
       .task = "`H = X W`",
       .points = 1,
       .right = [](const Values& v) { return times_w(v, "x").value(); },
       .wrong = wrong_h},
      {.name = "mask",
       .task = "The additive mask M of shape (5,5): row i is the node that looks, column j the "
               "node that is looked at; 0 where i and j are joined and where i = j, `-inf` (or "
               "-1e9) elsewhere.",
       .points = 2,
       .digits = 0,
       .right = node_mask,
       .wrong = wrong_node_mask},
      {.name = "scores",
       .task = "`S[i,j] = LeakyReLU(a . [h_i; h_j])` for **all** pairs, without the mask. h_i is "
               "row i of H, and [h_i; h_j] the two rows one behind the other. LeakyReLU(s) is s "
               "where s is positive, and 0.2 s where it is negative.",
       .points = 2,
       .right = [](const Values& v) { return bent(pair_scores(v, v["h"])); },
       .wrong = wrong_pair_scores},
      {.name = "weights",
       .task = "`A = softmax(S + M)`: each node shares out a weight of 1.",
       .points = 3,
       .digits = 4,
       .right = [](const Values& v) { return softmax({}, v["scores"], v["mask"]).value(); },
       .wrong = wrong_edge_weights},
      {.name = "output",
       .task = "`O = A H`",
       .points = 2,
       .right = [](const Values& v) { return matmul({}, v["weights"], v["h"]).value(); },
       .wrong = wrong_mixed},
  };
  return sheet;
}

}  // namespace attn::app::homework
