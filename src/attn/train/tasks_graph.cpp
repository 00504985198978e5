// Graphs: what a node's neighbours have, whether there is a ring, which atoms are bonded. The nodes
// alone, without the edges, tell nothing of the answer.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "attn/train/tasks_list.h"

namespace attn {

namespace {

constexpr std::size_t kMostEdges = 4;  // of one node of a tree

std::unique_ptr<Task> graph_task(std::string name, std::size_t n,
                                 std::vector<std::string> input_names,
                                 std::vector<std::string> class_names) {
  auto task = task_of(std::move(name), n, n, std::move(input_names), std::move(class_names));
  task->graph = true;
  task->has_distances = false;
  return task;
}

/// A graph while it is drawn.
class Graph {
 public:
  explicit Graph(std::size_t n) : n_(n), joined_(n * n, false), degree_(n, 0) {}

  std::size_t size() const { return n_; }
  std::size_t degree(std::size_t i) const { return degree_[i]; }
  bool joined(std::size_t i, std::size_t j) const { return joined_[i * n_ + j]; }
  void join(std::size_t i, std::size_t j) { set(i, j, true); }
  void part(std::size_t i, std::size_t j) { set(i, j, false); }

  /// From `start`, the node before each on the shortest way; n where there is none.
  std::vector<std::size_t> ways_from(std::size_t start) const {
    std::vector<std::size_t> before(n_, n_), queue = {start};
    before[start] = start;
    for (std::size_t head = 0; head < queue.size(); ++head) {
      for (std::size_t j = 0; j < n_; ++j) {
        if (!joined(queue[head], j) || before[j] != n_) continue;
        before[j] = queue[head];
        queue.push_back(j);
      }
    }
    return before;
  }

  /// Writes edges and nodes in another order: the order in which it was drawn tells nothing.
  template <class NameOf>
  void write(Rng& rng, TaskExample& example, NameOf name_of) const {
    std::vector<std::size_t> place(n_);
    std::iota(place.begin(), place.end(), std::size_t{0});
    rng.shuffle(std::span(place));
    for (std::size_t i = 0; i < n_; ++i) {
      example.inputs[place[i]] = static_cast<float>(name_of(i));
      for (std::size_t j = 0; j < n_; ++j)
        example.edges[place[i] * n_ + place[j]] = joined(i, j) ? 1 : 0;
    }
  }

 private:
  void set(std::size_t i, std::size_t j, bool value) {
    joined_[i * n_ + j] = joined_[j * n_ + i] = value;
    for (const std::size_t k : {i, j}) value ? ++degree_[k] : --degree_[k];
  }

  std::size_t n_;
  std::vector<bool> joined_;
  std::vector<std::size_t> degree_;
};

/// A tree: each node is joined to an earlier one that has room.
Graph random_tree(std::size_t n, Rng& rng) {
  Graph tree(n);
  for (std::size_t i = 1; i < n; ++i) {
    std::size_t to = rng.below(i);
    while (tree.degree(to) >= kMostEdges) to = rng.below(i);
    tree.join(i, to);
  }
  return tree;
}

/// A way of four edges or more in a tree, all alike: its nodes from end to end. Empty if none was
/// found in some tries.
std::vector<std::size_t> long_way(const Graph& tree, Rng& rng) {
  for (int tries = 0; tries < 50; ++tries) {
    const std::size_t a = rng.below(tree.size());
    const std::vector<std::size_t> before = tree.ways_from(a);
    std::vector<std::size_t> way = {rng.below(tree.size())};
    while (way.back() != a) way.push_back(before[way.back()]);
    if (way.size() >= 5) return way;
  }
  return {};
}

}  // namespace

// Who owns it is drawn first, then who knows whom: each pair with a chance that makes both answers
// equally likely for everybody who does not own it, whatever the others own.
std::unique_ptr<Task> make_friends(std::size_t n) {
  auto task = graph_task("friends", n, {"without", "owner"}, {"no", "yes"});
  task->unit = "people";
  task->about =
      "n people, some of whom own a thing, and who knows whom: say of everybody who does not own "
      "it whether a friend does.";
  task->best = "1: look at the friends. Without the edges one can only guess.";
  const std::size_t owners = std::max<std::size_t>(1, n / 6);
  const double chance = 1 - std::pow(0.5, 1 / static_cast<double>(owners));
  task->draw = [=](Rng& rng, TaskExample& example) {
    Graph graph(n);  // the first of them are owners
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (rng.uniform() < chance) graph.join(i, j);
      }
    }
    graph.write(rng, example, [=](std::size_t i) { return i < owners ? 1 : 0; });
    for (std::size_t i = 0; i < n; ++i) {
      if (example.inputs[i] == 1) continue;
      bool yes = false;
      for (std::size_t j = 0; j < n; ++j)
        yes |= example.edges[i * n + j] == 1 && example.inputs[j] == 1;
      example.ask(i, yes, i);
    }
  };
  return task;
}

// A tree with a way a - b ... c - d. With a ring, these two edges become b - c, which closes a
// ring, and a - d: every node has as many edges as before, so counting them tells nothing.
std::unique_ptr<Task> make_ring(std::size_t n) {
  auto task = graph_task("ring", n, {"1 edge", "2 edges", "3 edges", "4 edges"}, {"no", "yes"});
  task->whole = true;
  task->unit = "graphs";
  task->about =
      "n nodes, of each how many edges it has, and the edges: say whether the graph contains a "
      "ring.";
  task->best =
      "1: follow the edges. Without them one can only guess: with a ring and without one, nodes "
      "have as many edges.";
  task->draw = [n](Rng& rng, TaskExample& example) {
    Graph graph = random_tree(n, rng);
    std::vector<std::size_t> way = long_way(graph, rng);
    while (way.empty()) {
      graph = random_tree(n, rng);
      way = long_way(graph, rng);
    }
    const bool ring = rng.below(2) == 1;
    if (ring) {
      const std::size_t a = way[0], b = way[1], c = way[way.size() - 2], d = way.back();
      graph.part(a, b);
      graph.part(c, d);
      graph.join(b, c);
      graph.join(a, d);
    }
    graph.write(rng, example, [&](std::size_t i) { return graph.degree(i) - 1; });
    example.ask(ring);
  };
  return task;
}

// Heavy atoms and their bonds, hydrogen left out; no atom has more bonds than its valence. The
// same atoms and bonds are put together with an O beside a C and without: the label is drawn
// between these two.
std::unique_ptr<Task> make_molecule(std::size_t n) {
  enum Atom : std::size_t { kC, kN, kO };
  auto task = graph_task("molecule", n, {"C", "N", "O"}, {"no", "yes"});
  task->whole = true;
  task->unit = "molecules";
  task->about =
      "A molecule of n atoms (C, N, O; hydrogen is left out) and its bonds: say whether an O "
      "stands beside a C.";
  task->best = "1: look along the bonds. The atoms alone tell nothing.";
  task->draw = [n](Rng& rng, TaskExample& example) {
    constexpr std::size_t kTries = 200, kValence[] = {4, 3, 2};
    while (true) {
      const Graph tree = random_tree(n, rng);
      std::vector<std::size_t> atoms(n, kC);
      const std::size_t oxygens = 1 + rng.below(2), nitrogens = 2 + rng.below(2);
      for (std::size_t i = 0; i < oxygens; ++i) atoms[i] = kO;
      for (std::size_t i = oxygens; i < oxygens + nitrogens; ++i) atoms[i] = kN;
      std::optional<std::vector<std::size_t>> found[2];
      for (std::size_t tries = 0; tries < kTries && !(found[0] && found[1]); ++tries) {
        rng.shuffle(std::span(atoms));
        bool fits = true, beside = false;
        for (std::size_t i = 0; i < n; ++i) {
          fits &= tree.degree(i) <= kValence[atoms[i]];
          for (std::size_t j = 0; j < n; ++j)
            beside |= tree.joined(i, j) && atoms[i] == kO && atoms[j] == kC;
        }
        if (fits && !found[beside]) found[beside] = atoms;
      }
      if (!found[0] || !found[1]) continue;
      const bool beside = rng.below(2) == 1;
      tree.write(rng, example, [&](std::size_t i) { return (*found[beside])[i]; });
      return example.ask(beside);
    }
  };
  return task;
}

}  // namespace attn
