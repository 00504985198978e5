// What all tasks have in common: shapes, ranges, splits, seeds, and the scores of a guess.
#include "attn/train/tasks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "attn/core/error.h"

using namespace attn;

namespace {

const std::vector<std::string> kAll = {
    "first",         "copy",     "reverse", "sort",    "recall",        "adding",
    "copy-memory",   "brackets", "tagging", "mood",    "pictures-near", "pictures-far",
    "pictures-both", "phonemes", "speaker", "friends", "ring",          "molecule"};

/// Shortest and longest length of each.
const std::map<std::string, std::pair<std::size_t, std::size_t>> kLengths = {
    {"first", {3, 4096}},       {"copy", {3, 4096}},        {"reverse", {3, 4096}},
    {"sort", {3, 4096}},        {"recall", {5, 4096}},      {"adding", {2, 4096}},
    {"copy-memory", {1, 4096}}, {"brackets", {9, 4096}},    {"tagging", {4, 4096}},
    {"mood", {6, 4096}},        {"pictures-near", {8, 60}}, {"pictures-far", {8, 60}},
    {"pictures-both", {8, 60}}, {"phonemes", {2, 4096}},    {"speaker", {2, 4096}},
    {"friends", {8, 64}},       {"ring", {7, 64}},          {"molecule", {8, 64}}};

/// Those of `lengths` that the task has.
std::vector<std::size_t> possible(const std::string& name, std::vector<std::size_t> lengths) {
  const auto [low, high] = kLengths.at(name);
  std::erase_if(lengths, [&](std::size_t n) { return n < low || n > high; });
  return lengths;
}

/// What draws into it.
TaskExample blank(const Task& task) {
  const std::size_t width = std::max<std::size_t>(1, task.features);
  return {std::vector<float>(task.steps * width, 0),
          std::vector<double>(task.answers(), task.regression ? std::nan("") : -1),
          std::vector<double>(task.answers(), -1),
          std::vector<float>(task.graph ? task.steps * task.steps : 0, 0)};
}

/// The shortest length that make_task takes.
std::size_t shortest(const std::string& name) {
  for (std::size_t n = 0; n < 13; ++n) {
    try {
      return make_task(name, n)->length;
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::usage);
    }
  }
  FAIL(name);
  return 0;
}

/// What is read of each sequence: inputs and edges.
std::vector<std::vector<real>> sequences(const TaskBatch& batch) {
  std::vector<std::vector<real>> out(batch.size());
  for (const Tensor& part : {batch.inputs, batch.edges}) {
    if (!part) continue;
    const std::size_t width = part.value().size() / out.size();
    for (std::size_t i = 0; i < out.size(); ++i) {
      const real* from = part.value().data() + i * width;
      out[i].insert(out[i].end(), from, from + width);
    }
  }
  return out;
}

bool same_bits(const Array& a, const Array& b) {
  return shape_of(a) == shape_of(b) && largest_difference(a, b) == 0;
}

/// Accuracy and cross-entropy of the most frequent answers under each key, on the same counts.
struct Guess {
  std::map<std::size_t, std::vector<double>> counts;
  double all = 0;
  void add(std::size_t key, double answer, std::size_t classes) {
    auto& row = counts.try_emplace(key, classes, 0.0).first->second;
    row[static_cast<std::size_t>(answer)] += 1;
    all += 1;
  }
  double accuracy() const {
    double right = 0;
    for (const auto& [key, row] : counts) right += *std::max_element(row.begin(), row.end());
    return right / all;
  }
  double loss() const {
    double sum = 0;
    for (const auto& [key, row] : counts) {
      double total = 0;
      for (const double c : row) total += c;
      for (const double c : row) sum -= c > 0 ? c * std::log(c / total) : 0;
    }
    return sum / all;
  }
};

/// Nodes are joined both ways, none with itself, by whole edges.
void check_edges(const Array& edges, std::size_t graphs, std::size_t n) {
  REQUIRE(shape_of(edges) == Shape{graphs, n, n});
  for (std::size_t g = 0; g < graphs; ++g) {
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(edges(g, i, i) == 0);
      for (std::size_t j = 0; j < n; ++j) {
        REQUIRE((edges(g, i, j) == 0 || edges(g, i, j) == 1));
        REQUIRE(edges(g, i, j) == edges(g, j, i));
      }
    }
  }
}

}  // namespace

TEST_CASE("tasks: the names, and an unknown one gets the nearest") {
  CHECK(task_names() == kAll);
  try {
    make_task("brakets", 8);
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::usage);
    CHECK(std::string(e.what()) == "no task \"brakets\"");
    CHECK(e.hint() == "did you mean brackets?");
  }
  try {
    make_task("translation", 8);
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.hint() ==
          "possible: first, copy, reverse, sort, recall, adding, copy-memory, brackets, tagging, "
          "mood, pictures-near, pictures-far, pictures-both, phonemes, speaker, friends, ring, "
          "molecule");
  }
}

TEST_CASE("tasks: a length out of range is an error that says the range") {
  for (const std::string& name : kAll) {
    CAPTURE(name);
    const std::size_t low = shortest(name), high = kLengths.at(name).second;
    CHECK(low == kLengths.at(name).first);
    CHECK(low == shortest_length(name));
    CHECK(make_task(name, high)->length == high);
    if (const std::size_t usual = usual_length(name); usual > 0)
      CHECK(make_task(name, usual)->length == usual);
    for (const std::size_t bad : {std::size_t{0}, low - 1, high + 1, ~std::size_t{0}}) {
      try {
        make_task(name, bad);
        FAIL("no error");
      } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::usage);
        CHECK(std::string(e.what()) ==
              "task " + name + ": length " + std::to_string(bad) + " is out of range");
        CHECK(e.hint() == "possible: " + std::to_string(low) + " .. " + std::to_string(high));
      }
    }
  }
}

TEST_CASE("tasks: batches have the shapes, ids, answers and distances that the task states") {
  for (const std::string& name : kAll) {
    const std::size_t low = shortest(name);
    for (const std::size_t n : possible(name, {low, low + 1, low + 2, 12, 21, 64})) {
      CAPTURE(name);
      CAPTURE(n);
      const auto task = make_task(name, n);
      CHECK(task->name == name);
      CHECK(task->length == n);
      CHECK_FALSE(task->about.empty());
      CHECK_FALSE(task->best.empty());
      CHECK(task->regression == (name == "adding"));
      CHECK(task->class_names.size() == task->classes);
      CHECK(task->input_names.size() == task->vocabulary + task->features);
      CHECK(std::set(task->input_names.begin(), task->input_names.end()).size() ==
            task->input_names.size());
      Rng rng(n);
      const TaskBatch batch = task->batch(rng, 33, Split::train);
      const Shape flat = {33, task->steps}, asked_at = {33, task->answers()};
      CHECK(task->answers() == (task->whole ? 1 : task->steps));
      CHECK(shape_of(batch.targets.value()) == asked_at);
      CHECK(shape_of(batch.distances) == asked_at);
      CHECK(bool(batch.edges) == task->graph);
      if (task->graph) check_edges(batch.edges.value(), 33, task->steps);
      CHECK(batch.inputs.is_ids() == (task->features == 0));
      CHECK(batch.targets.is_ids() == !task->regression);
      if (task->features == 0) {
        CHECK(shape_of(batch.inputs.value()) == flat);
        for (const real id : batch.inputs.value()) {
          REQUIRE(id == std::floor(id));
          REQUIRE(id >= 0);
          REQUIRE(id < static_cast<real>(task->vocabulary));
        }
      } else {
        CHECK(shape_of(batch.inputs.value()) == Shape{33, task->steps, task->features});
      }
      for (std::size_t i = 0; i < 33; ++i) {
        std::size_t asked = 0;
        for (std::size_t t = 0; t < task->answers(); ++t) {
          const real target = batch.targets.value()(i, t), distance = batch.distances(i, t);
          const bool is_asked = task->regression ? !std::isnan(target) : target >= 0;
          asked += is_asked;
          if (!is_asked) {
            REQUIRE(distance == -1);
            if (!task->regression) REQUIRE(target == -1);
            continue;
          }
          REQUIRE(distance == std::floor(distance));
          REQUIRE(distance >= 0);
          REQUIRE(distance <= static_cast<real>(t));
          if (!task->regression) {
            REQUIRE(target == std::floor(target));
            REQUIRE(target < static_cast<real>(task->classes));
          }
        }
        CHECK(asked > 0);
      }
    }
  }
}

TEST_CASE("tasks: the same seed gives the same batches, another seed others") {
  for (const std::string& name : kAll) {
    CAPTURE(name);
    const std::size_t n = usual_length(name) > 0 ? usual_length(name) : 16;
    const auto task = make_task(name, n), again = make_task(name, n);
    Rng a(5), b(5), c(6);
    for (const Split split : {Split::train, Split::test, Split::train}) {
      const TaskBatch x = task->batch(a, 8, split), y = again->batch(b, 8, split);
      CHECK(same_bits(x.inputs.value(), y.inputs.value()));
      CHECK(same_bits(x.targets.value(), y.targets.value()));
      CHECK(same_bits(x.distances, y.distances));
      CHECK_FALSE(same_bits(x.inputs.value(), task->batch(c, 8, split).inputs.value()));
    }
    CHECK(a.position() == b.position());
  }
}

TEST_CASE("tasks: no test sequence is a training sequence") {
  for (const std::string& name : kAll) {
    for (const std::size_t n : possible(name, {shortest(name), 12, 64})) {
      CAPTURE(name);
      CAPTURE(n);
      const auto task = make_task(name, n);
      Rng rng(2);
      const std::size_t count = task->features > 2 ? 300 : 2000;
      const auto train = sequences(task->batch(rng, count, Split::train));
      const std::set<std::vector<real>> seen(train.begin(), train.end());
      for (const auto& test : sequences(task->batch(rng, count, Split::test)))
        REQUIRE_FALSE(seen.contains(test));
    }
  }
}

TEST_CASE("tasks: every short length has sequences in both splits") {
  for (const std::string& name : kAll) {
    for (std::size_t n = shortest(name); n < 20; ++n) {
      CAPTURE(name);
      CAPTURE(n);
      const auto task = make_task(name, n);
      Rng rng(3);
      CHECK_NOTHROW(task->batch(rng, 4, Split::train));
      CHECK_NOTHROW(task->batch(rng, 4, Split::test));
    }
  }
}

TEST_CASE("tasks: the split is FNV-1a and fmix64, one sequence in eight a test sequence") {
  // From a Python program of its own: hash >> 61 over struct.pack("<f", x).
  for (const float digit : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
    CHECK(split_of({digit}) == (digit == 3 ? Split::test : Split::train));
  }
  const auto task = make_task("copy", 16);
  Rng rng(4);
  TaskExample example;
  double test = 0;
  for (int i = 0; i < 8000; ++i) {
    example.inputs.assign(task->steps, 0);
    example.targets.assign(task->steps, -1);
    example.distances.assign(task->steps, -1);
    task->draw(rng, example);
    test += split_of(example.inputs) == Split::test;
  }
  CHECK(test / 8000 == doctest::Approx(0.125).epsilon(0.1));
}

TEST_CASE("tasks: a split without sequences, and a batch of 0, are errors") {
  Task task = *make_task("first", 4);
  Rng rng(1);
  CHECK_THROWS_AS(task.batch(rng, 0, Split::train), Error);
  task.draw = [](Rng&, TaskExample& example) {  // one sequence only
    example.inputs.assign(4, 3);
    example.ask(3, 3, 0);
  };
  const Split other = split_of({3, 3, 3, 3}) == Split::train ? Split::test : Split::train;
  CHECK_NOTHROW(task.batch(rng, 4, split_of({3, 3, 3, 3})));
  try {
    task.batch(rng, 4, other);
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::usage);
    CHECK(std::string(e.what()).find("task first of length 4: none of 20000 sequences") == 0);
    CHECK_FALSE(e.hint().empty());
  }
}

TEST_CASE("tasks: a guesser that knows the place, and one that sees one step, score as stated") {
  for (const std::string& name : kAll) {
    const auto task = make_task(name, usual_length(name) > 0 ? usual_length(name) : 16);
    if (task->regression) continue;
    CAPTURE(name);
    Rng rng(8);
    Guess place, step;
    const bool steps_alone = !task->whole && task->features == 0;
    for (int i = 0; i < (steps_alone ? 20000 : 6000); ++i) {
      TaskExample example = blank(*task);
      task->draw(rng, example);
      for (std::size_t t = 0; t < task->answers(); ++t) {
        if (example.targets[t] < 0) continue;
        place.add(t, example.targets[t], task->classes);
        if (steps_alone)
          step.add(static_cast<std::size_t>(example.inputs[t]), example.targets[t], task->classes);
      }
    }
    CHECK(std::abs(place.accuracy() - task->chance) < (steps_alone ? 0.012 : 0.02));
    CHECK(std::abs(place.loss() - task->chance_loss) < 0.012);
    CHECK(task->best_accuracy <= 1);
    CHECK(task->alone_accuracy < 1);
    CHECK(task->best_accuracy > task->chance);
    CHECK(task->best_loss >= 0);
    if (!steps_alone) continue;
    CHECK(std::abs(step.accuracy() - task->alone_accuracy) < 0.012);
    CHECK(task->best_accuracy == 1);
    CHECK(task->best_loss == 0);
  }
}

TEST_CASE("tasks: tagging's ceiling for single words is what counting sentences gives") {
  CHECK(tagging_word_ceiling(3) == 1);  // a pronoun, a verb, a pronoun: no word has two tags yet
  for (const std::size_t n : {4u, 7u, 32u}) {
    CAPTURE(n);
    const auto task = make_task("tagging", n);
    Rng rng(9);
    TaskExample example;
    Guess word;
    for (int i = 0; i < 30000; ++i) {
      example.inputs.assign(n, 0);
      example.targets.assign(n, -1);
      example.distances.assign(n, -1);
      task->draw(rng, example);
      for (std::size_t t = 0; t < n && example.targets[t] >= 0; ++t) {
        word.add(static_cast<std::size_t>(example.inputs[t]), example.targets[t], task->classes);
      }
    }
    CHECK(std::abs(word.accuracy() - tagging_word_ceiling(n)) < 0.005);
    CHECK(tagging_word_ceiling(n) == task->alone_accuracy);
    CHECK(tagging_word_ceiling(n) < 0.95);
  }
}
