// Pictures, sounds and graphs: each answer found again by a slow program of its own, and the best
// that the tasks state.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "attn/train/recordings.h"
#include "attn/train/tasks.h"

using namespace attn;
using doctest::Approx;

namespace {

using Rows = std::vector<std::string>;
const std::map<std::string, Rows> kShapes = {
    {"plus", {"..#..", "..#..", "#####", "..#..", "..#.."}},
    {"cross", {"#...#", ".#.#.", "..#..", ".#.#.", "#...#"}},
    {"L", {"#....", "#....", "#....", "#....", "#####"}},
    {"T", {"#####", "..#..", "..#..", "..#..", "..#.."}},
    {"small plus", {".#.", "###", ".#."}},
    {"small cross", {"#.#", ".#.", "#.#"}}};

/// How bright the picture is where the shape would be.
double light(const real* picture, std::size_t side, const Rows& shape, std::size_t top,
             std::size_t left) {
  double sum = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    for (std::size_t j = 0; j < shape.size(); ++j) {
      if (shape[i][j] == '#') sum += double{picture[(top + i) * side + left + j]};
    }
  }
  return sum;
}

/// The shape, of these, that is brightest anywhere in the square of places.
std::string brightest(const real* picture, std::size_t side, const Rows& names, std::size_t begin,
                      std::size_t places) {
  std::string best;
  double most = -1e9;
  for (const std::string& name : names) {
    for (std::size_t k = 0; k < places * places; ++k) {
      const double here =
          light(picture, side, kShapes.at(name), begin + k / places, begin + k % places);
      if (here > most) most = here, best = name;
    }
  }
  return best;
}

/// The share of 1000 pictures of which `answer(pixels)` is right.
double share_right(const Task& task, const std::function<std::string(const real*)>& answer) {
  Rng rng(3);
  double right = 0;
  const TaskBatch batch = task.batch(rng, 1000, Split::test);
  for (std::size_t b = 0; b < 1000; ++b) {
    const real* pixels = batch.inputs.value().data() + b * task.steps;
    right +=
        task.class_names[static_cast<std::size_t>(batch.targets.value()(b, 0))] == answer(pixels);
  }
  return right / 1000;
}

/// Each graph of a batch of both splits: nodes' names, edges, target of node or graph.
template <class Look>
void each_graph(const std::string& name, std::initializer_list<std::size_t> lengths, Look look) {
  for (const std::size_t n : lengths) {
    const auto task = make_task(name, n);
    Rng rng(n);
    for (const Split split : {Split::train, Split::test}) {
      const TaskBatch batch = task->batch(rng, 200, split);
      for (std::size_t b = 0; b < 200; ++b) {
        std::vector<std::string> nodes;
        for (std::size_t i = 0; i < n; ++i)
          nodes.push_back(task->input_names[static_cast<std::size_t>(batch.inputs.value()(b, i))]);
        look(
            nodes, [&](std::size_t i, std::size_t j) { return batch.edges.value()(b, i, j) == 1; },
            [&](std::size_t i) { return static_cast<int>(batch.targets.value()(b, i)); });
      }
    }
  }
}

}  // namespace

TEST_CASE("tasks: of near pictures the brightest shape is the answer, as often as is stated") {
  for (const std::size_t n : {8u, 12u, 21u}) {
    const auto task = make_task("pictures-near", n);
    CHECK(task->side == n);
    CHECK(task->best_accuracy > 0.999);
    CHECK(task->best_accuracy < 1);
    CHECK(task->best_loss < 0.01);
    const double right = share_right(*task, [&](const real* pixels) {
      return brightest(pixels, n, {"plus", "cross", "L", "T"}, 0, n - 4);
    });
    CHECK(right >= task->best_accuracy - 0.003);
  }
}

TEST_CASE("tasks: of far pictures both corners settle the answer, and either alone tells nothing") {
  for (const char* name : {"pictures-far", "pictures-both"}) {
    for (const std::size_t n : {12u, 15u, 21u}) {
      const auto task = make_task(name, n);
      INFO(name, " ", n);
      const std::size_t places = task->name == "pictures-both" ? 2 : 1;
      const auto mark = [&](const real* pixels, std::size_t begin) {
        return brightest(pixels, n, {"small plus", "small cross"}, begin, places);
      };
      const auto first = [&](const real* pixels) { return mark(pixels, 0); };
      const auto second = [&](const real* pixels) { return mark(pixels, n - 2 - places); };
      CHECK(task->best_accuracy > 0.999);
      CHECK(share_right(*task, [&](const real* pixels) {
              return first(pixels) == second(pixels) ? "alike" : "different";
            }) >= task->best_accuracy - 0.003);
      for (const bool last : {false, true}) {
        CHECK(share_right(*task, [&](const real* pixels) {
                return (last ? second(pixels) : first(pixels)) == "small plus" ? "alike"
                                                                               : "different";
              }) == Approx(0.5).epsilon(0.1));
      }
    }
  }
}

TEST_CASE("tasks: the brightness of a picture tells nothing of its shape") {
  const auto task = make_task("pictures-near", 12);
  Rng rng(4);
  const TaskBatch batch = task->batch(rng, 4000, Split::train);
  double sum[4] = {}, count[4] = {};
  for (std::size_t b = 0; b < 4000; ++b) {
    const auto shape = static_cast<std::size_t>(batch.targets.value()(b, 0));
    for (std::size_t i = 0; i < 144; ++i) sum[shape] += double{batch.inputs.value()(b, i, 0)};
    ++count[shape];
  }
  for (int shape = 0; shape < 4; ++shape)
    CHECK(sum[shape] / count[shape] == Approx(9).epsilon(0.05));
}

TEST_CASE(
    "recordings: what is heard is what all phonemes and speakers, tried in turn, make of it") {
  Rng rng(5);
  constexpr std::size_t phonemes = Recording::kPhonemes, bands = Recording::kBands;
  for (int trial = 0; trial < 5; ++trial) {
    const Recording r = draw_recording(rng, 3);
    const Heard heard = hear(r.frames);
    double all = 0;
    std::vector<double> speakers(Recording::kSpeakers, 0), middle(phonemes, 0);
    for (std::size_t s = 0; s < Recording::kSpeakers; ++s) {
      for (std::size_t k = 0; k < phonemes * phonemes * phonemes; ++k) {
        const std::size_t said[] = {k % phonemes, k / phonemes % phonemes, k / phonemes / phonemes};
        double chance = 1;
        for (std::size_t t = 0; t < 3; ++t) {
          if (t > 0) chance *= said[t] == said[t - 1] ? 7.0 / 8 : 1.0 / 8 / 9;
          double squares = 0;
          for (std::size_t b = 0; b < bands; ++b)
            squares += std::pow(double{r.frames[t * bands + b]} - loudness(said[t], s, b), 2);
          chance *= std::exp(-squares / (2 * 0.3 * 0.3));
        }
        all += chance;
        speakers[s] += chance;
        middle[said[1]] += chance;
      }
    }
    for (std::size_t s = 0; s < Recording::kSpeakers; ++s)
      CHECK(heard.speaker[s] == Approx(speakers[s] / all));
    for (std::size_t p = 0; p < phonemes; ++p)
      CHECK(heard.phonemes[1][p] == Approx(middle[p] / all));
  }
}

TEST_CASE("tasks: who hears best is right about sounds as often as is stated") {
  const auto phonemes = make_task("phonemes", 60), speaker = make_task("speaker", 60);
  CHECK(phonemes->best_accuracy > phonemes->alone_accuracy + 0.05);
  CHECK(phonemes->best_accuracy < 1);
  Rng rng(6);
  double right = 0, who = 0;
  constexpr std::size_t kCount = 300;
  for (std::size_t i = 0; i < kCount; ++i) {
    const Recording r = draw_recording(rng, 60);
    const Heard heard = hear(r.frames);
    const auto at = [](const auto& chances) {
      return static_cast<std::size_t>(std::max_element(chances.begin(), chances.end()) -
                                      chances.begin());
    };
    for (std::size_t t = 0; t < 60; ++t) right += at(heard.phonemes[t]) == r.phonemes[t];
    who += at(heard.speaker) == r.speaker;
  }
  CHECK(std::abs(right / (60 * kCount) - phonemes->best_accuracy) < 0.01);
  CHECK(std::abs(who / kCount - speaker->best_accuracy) < 0.02);
}

TEST_CASE("tasks: a friend owns it, or none does; who owns it is not asked") {
  double yes = 0, asked = 0;
  each_graph("friends", {8, 12, 30}, [&](const auto& nodes, auto joined, auto target) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      bool friend_owns = false;
      for (std::size_t j = 0; j < nodes.size(); ++j)
        friend_owns |= joined(i, j) && nodes[j] == "owner";
      REQUIRE(target(i) == (nodes[i] == "owner" ? -1 : friend_owns ? 1 : 0));
      if (nodes[i] != "owner") ++asked, yes += friend_owns;
    }
  });
  CHECK(yes / asked == Approx(0.5).epsilon(0.06));
}

TEST_CASE("tasks: there is a ring, or there is none; nodes have as many edges in both cases") {
  double ones[2] = {}, rings[2] = {};
  each_graph("ring", {7, 9, 20}, [&](const auto& nodes, auto joined, auto target) {
    const std::size_t n = nodes.size();
    std::vector<std::size_t> part(n);  // a part of the graph, by its smallest node
    for (std::size_t i = 0; i < n; ++i) part[i] = i;
    bool ring = false;
    for (std::size_t i = 0; i < n; ++i) {
      std::size_t edges = 0;
      for (std::size_t j = 0; j < n; ++j) {
        edges += joined(i, j);
        if (j >= i || !joined(i, j)) continue;
        ring |= part[i] == part[j];
        const std::size_t old = part[i], now = part[j];
        for (std::size_t& p : part) p = p == old ? now : p;
      }
      REQUIRE(nodes[i] == std::to_string(edges) + (edges == 1 ? " edge" : " edges"));
      ones[target(0)] += edges == 1;
    }
    REQUIRE(target(0) == ring);
    ++rings[ring];
  });
  CHECK(rings[1] / (rings[0] + rings[1]) == Approx(0.5).epsilon(0.1));
  CHECK(ones[0] / rings[0] == Approx(ones[1] / rings[1]).epsilon(0.05));
}

TEST_CASE("tasks: an O stands beside a C, or not; no atom has more bonds than it can") {
  double oxygens[2] = {}, count[2] = {};
  each_graph("molecule", {8, 10, 20}, [&](const auto& nodes, auto joined, auto target) {
    bool beside = false;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::size_t bonds = 0;
      for (std::size_t j = 0; j < nodes.size(); ++j) {
        bonds += joined(i, j);
        beside |= joined(i, j) && nodes[i] == "O" && nodes[j] == "C";
      }
      REQUIRE(bonds <= (nodes[i] == "C" ? 4 : nodes[i] == "N" ? 3 : 2));
      oxygens[target(0)] += nodes[i] == "O";
    }
    REQUIRE(target(0) == beside);
    ++count[beside];
  });
  CHECK(count[1] / (count[0] + count[1]) == Approx(0.5).epsilon(0.1));
  CHECK(oxygens[0] / count[0] == Approx(oxygens[1] / count[1]).epsilon(0.06));
}

TEST_CASE("tasks: chosen rows of a batch keep all that belongs to them") {
  for (const char* name : {"copy", "adding", "friends", "molecule"}) {
    const auto task = make_task(name, 8);
    Rng rng(7);
    const TaskBatch batch = task->batch(rng, 5, Split::train), some = batch.rows({3, 0, 3});
    CHECK(some.size() == 3);
    CHECK(some.inputs.is_ids() == batch.inputs.is_ids());
    const auto same = [&](const Array& from, const Array& to) {
      const std::size_t width = from.size() / 5;
      REQUIRE(to.size() == 3 * width);
      const std::size_t places[] = {3, 0, 3};
      for (std::size_t i = 0; i < 3 * width; ++i) {
        const real a = from.data()[places[i / width] * width + i % width], b = to.data()[i];
        CHECK((a == b || (std::isnan(a) && std::isnan(b))));
      }
    };
    same(batch.inputs.value(), some.inputs.value());
    same(batch.targets.value(), some.targets.value());
    same(batch.distances, some.distances);
    CHECK(bool(some.edges) == bool(batch.edges));
    if (batch.edges) same(batch.edges.value(), some.edges.value());
  }
}
