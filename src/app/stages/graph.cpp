// Attention along the edges of a graph: friends, atoms, whatever has neighbours and no order.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "app/frame/command.h"
#include "app/stages/graph_edges.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/nn/graph_attention.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

constexpr const char* kPeople = "anna ben cleo dan eva finn";
constexpr const char* kFriends = "anna-ben anna-cleo ben-cleo cleo-dan dan-eva dan-finn eva-finn";

struct GraphOptions {
  std::string edges;
  std::int64_t node_dim = 0;
};

void bind(Cli& cli, GraphOptions& o) {
  cli.text("--edges", o.edges, "EDGES",
           "who is joined: 'anna-ben ben>cleo'; a-b looks both ways, a>b: only a looks at b");
  cli.integer("--node-dim", o.node_dim, 0, 1'000'000, "width d' of a node's new vector; 0: d");
}

/// The nodes' names: people, or numbers where X is a matrix.
std::vector<std::string> node_names(const Stage& s, std::size_t n) {
  if (!s.trace.tokens.empty()) return s.trace.tokens;
  std::vector<std::string> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = std::to_string(i);
  return out;
}

/// The edges that are given; else those of the example; else a chain in the order of the nodes.
GraphEdges edges_of(const Stage& s, const GraphOptions& o, const std::vector<std::string>& names) {
  if (s.common.is_given("--edges")) return read_edges(o.edges, names);
  if (s.common.input.empty() && !s.has_text()) return read_edges(kFriends, names);
  const std::size_t n = names.size();
  Array chain = zeros({n, n});
  for (std::size_t i = 0; i + 1 < n; ++i)
    chain.data()[i * n + i + 1] = chain.data()[(i + 1) * n + i] = 1;
  return {std::move(chain), "", ""};
}

std::string node(const std::vector<std::string>& names, std::size_t i) {
  return cut(escaped(names[i]), 14);
}

/// Each node, whom it looks at, where most of its weight goes, and what it would give to strangers.
void show_neighbours(Stage& s, const std::vector<std::string>& names, const Array& mask,
                     const Array& weights, const Array& leak) {
  const std::size_t n = names.size();
  Table table{"neighbours",
              "Whom each node looks at besides itself; `leak` is what goes to all others if a "
              "missing edge is a score of 0.",
              {"node", "neighbours", "most weight", "on", "leak"},
              {}};
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<std::string> found;
    std::size_t most = i;
    for (std::size_t j = 0; j < n; ++j) {
      if (mask.data()[i * n + j] != 0) continue;
      if (j != i) found.push_back(node(names, j));
      if (weights.data()[i * n + j] > weights.data()[i * n + most]) most = j;
    }
    std::string list = fmt::format("{}", fmt::join(found, " "));
    table.rows.push_back({node(names, i), found.empty() ? std::string("-") : cut(list, 34),
                          double{weights.data()[i * n + most]},
                          most == i ? std::string("itself") : node(names, most),
                          double{leak.data()[i]}});
  }
  s.trace.add(std::move(table));
}

/// The wrong way: a missing edge as a score of 0. Gives, for each node, the weight that goes to
/// nodes which are no neighbours.
Array show_zero(Stage& s, const Tensor& scores, const Array& mask) {
  const std::size_t n = columns(mask);
  const Tensor keep = Tensor::input(kept(mask));
  note(s.run, "keep", "1 along an edge and for oneself, 0 elsewhere", {"query", "key"}, keep);
  const Tensor zeroed = multiply(s.run, scores, keep);
  note(s.run, "zero.scores", "keep S: a missing edge as 0", {"query", "key"}, zeroed);
  const Tensor weights = softmax(s.run, zeroed);
  note(s.run, "zero.weights", "softmax(keep S): wrong", {"query", "key"}, weights);
  Array leak = zeros({n});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j)
      if (mask.data()[i * n + j] != 0) leak.data()[i] += weights.value().data()[i * n + j];
  }
  return leak;
}

/// The same mask with scores of queries and keys.
void show_dot(Stage& s, const Tensor& h, const Tensor& mask, std::size_t width) {
  const Tensor w_q = s.parameter("dot.w_q", {width, width}),
               w_k = s.parameter("dot.w_k", {width, width});
  const Scope scope(s.run, "dot");
  note(s.run, "w_q", "W_Q of H", {"d'", "d_k"}, w_q);
  note(s.run, "w_k", "W_K of H", {"d'", "d_k"}, w_k);
  const Tensor q = linear(s.run, h, w_q), k = linear(s.run, h, w_k);  // (n,d')
  note(s.run, "q", "Q = H W_Q", {"query", "d_k"}, q);
  note(s.run, "k", "K = H W_K", {"key", "d_k"}, k);
  const Tensor scores = matmul_nt(s.run, q, k, 1 / std::sqrt(double(width)));  // (n,n)
  note(s.run, "scores", "S = Q K^T / sqrt(d')", {"query", "key"}, scores);
  const Tensor weights = softmax(s.run, scores, mask);
  note(s.run, "weights", "A = softmax(S + M), with the same M", {"query", "key"}, weights);
  const Tensor output = matmul(s.run, weights, h);
  note(s.run, "output", "O = A H", {"node", "d'"}, output);
}

/// Row i of a goes to row order[i].
Array reordered(const Array& a, const std::vector<std::size_t>& order) {
  Array out = empty(shape_of(a));
  for (std::size_t i = 0; i < order.size(); ++i)
    std::copy_n(a.data() + i * columns(a), columns(a), out.data() + order[i] * columns(a));
  return out;
}

/// Nodes in another order: the same outputs, in that order.
void check_order(Stage& s, const Tensor& x, const GraphAttentionParameters& p, const Array& mask,
                 const Array& output) {
  const std::size_t n = rows(output);
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = n - 1 - i;
  const Array turned = transposed(reordered(transposed(reordered(mask, order)), order));
  const Tensor again =
      graph_attention(Run{}, Tensor(reordered(x.value(), order)), p, Tensor(turned));
  s.same(
      "nodes in the opposite order give the same outputs in the opposite order: a graph has "
      "no positions",
      reordered(output, order), again.value());
}

void say_what_was_read(Stage& s, const GraphEdges& edges) {
  if (!edges.loops.empty()) {
    s.trace.say(
        fmt::format("{} joins a node with itself: this changes nothing, everyone looks at "
                    "itself.",
                    escaped(edges.loops, 60)));
  }
  if (!edges.doubled.empty())
    s.trace.say(fmt::format("{} stands there twice and counts once.", escaped(edges.doubled, 60)));
}

std::string result_in_words(const std::vector<std::string>& names, const Array& mask,
                            const Array& weights, const Array& leak) {
  const std::size_t n = names.size();
  std::size_t seen = 0, most = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    seen += mask.data()[i] == 0;
    const bool other = i / n != i % n && mask.data()[i] == 0;
    const bool first = most / n == most % n;
    if (other && (first || weights.data()[i] > weights.data()[most])) most = i;
  }
  std::string out =
      fmt::format("Each node looks along its edges and at itself alone: {} of {} {} a weight.",
                  seen, how_many(mask.size(), "pair"), seen == 1 ? "has" : "have");
  if (most / n != most % n) {
    out += fmt::format(" The largest between two nodes: {} takes {:.3f} from {}.",
                       node(names, most / n), weights.data()[most], node(names, most % n));
  }
  double all = 0;
  for (const real one : leak) all += one;
  if (seen < mask.size()) {
    out += fmt::format(
        " With a score of 0 for a missing edge, in place of -inf, {:.0f} % of all "
        "weight would go to nodes that are no neighbours: exp(0) is 1, not 0.",
        100 * all / double(n));
  }
  return out;
}

void graph(Stage& s, const GraphOptions& o) {
  if (s.common.position != "none") {
    throw Error(ErrorKind::usage, "--position with a graph",
                "nodes have no order: there is nothing that a position could say");
  }
  s.trace.title = "Graph attention: every node looks along its edges";
  const Tensor x = s.x();
  const std::size_t n = x.shape()[0], d = x.shape()[1],
                    width = o.node_dim > 0 ? static_cast<std::size_t>(o.node_dim) : d;
  s.require_memory(sizeof(real) * (12.0 * double(n) * double(n) + 8.0 * double(n) * double(width)),
                   fmt::format("attention over {} nodes", n));
  const std::vector<std::string> names = node_names(s, n);
  if (!s.trace.tokens.empty()) s.trace.labels["node"] = names;
  const Step* given = s.trace.find("edges");
  if (given && s.common.is_given("--edges"))
    throw Error(ErrorKind::usage, "--edges with a molecule", "its bonds are its edges");
  const bool own = !given;
  const GraphEdges edges =
      own ? edges_of(s, o, names) : GraphEdges{given->values(), std::string(), std::string()};
  const Tensor joined = Tensor::input(edges.matrix), mask = Tensor::input(edge_mask(edges.matrix));
  const GraphAttentionParameters p{s.parameter("w", {d, width}), s.parameter("a", {2 * width})};
  s.trace.restart_clock();
  if (own) note(s.run, "edges", "1 where row i looks at node j", {"query", "key"}, joined);
  const Tensor output = graph_attention(s.run, x, p, mask);
  s.say_if_not_finite({"scores"});
  // Copies: a step moves when the trace grows.
  const Tensor weights = s.trace.find("weights")->data, scores = s.trace.find("scores")->data,
               h = s.trace.find("h")->data;
  const Array leak = show_zero(s, scores, mask.value());
  show_dot(s, h, mask, width);
  s.trace.result = "weights";
  show_neighbours(s, names, mask.value(), weights.value(), leak);
  say_what_was_read(s, edges);
  check_order(s, x, p, mask.value(), output.value());
  s.trace.say(fmt::format(
      "A graph head has {} numbers for its scores, a; queries and keys have {}. With a, the part "
      "of the one looked at is the same for whoever looks, so all rank their neighbours alike "
      "(Brody et al. 2022); queries and keys can rank them differently.",
      2 * width, 2 * width * width));
  s.trace.items.insert(s.trace.items.begin(),
                       Remark{result_in_words(names, mask.value(), weights.value(), leak)});
}

}  // namespace

Command graph_command() {
  return {.name = "graph",
          .kind = CommandKind::stage,
          .summary = "attention along the edges of a graph; nodes have no order",
          .example = "graph --edges 'anna-ben ben-cleo cleo-dan dan-eva eva-finn'",
          .setup = with_options<GraphOptions>(bind, graph),
          .default_text = kPeople};
}

}  // namespace attn::app
