#include "attn/train/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "attn/core/error.h"
#include "attn/core/hash.h"
#include "attn/core/joined.h"
#include "attn/train/tasks_list.h"

namespace attn {
namespace {

// Long enough for every experiment of the literature that a laptop can repeat; ids stay small.
constexpr std::size_t kLongest = 4096, kLargestPicture = 60, kLargestGraph = 64;
// One draw in eight is a test sequence. A split that holds one sequence in 1 000 is still found in
// this many draws but for a chance of e^-20.
constexpr std::size_t kTries = 20000;

struct TaskRow {
  std::string name;
  // The first length with at least 100 different test sequences. With fewer, a test measures which
  // sequences the split happened to pick: of the answers of brackets at length 5, 88 % are "]".
  std::size_t shortest;
  std::unique_ptr<Task> (*make)(std::size_t);
  std::size_t usual = 0, longest = kLongest;
};

const std::vector<TaskRow>& task_rows() {
  static const std::vector<TaskRow> rows = {
      {"first", 3, make_first},
      {"copy", 3, make_copy},
      {"reverse", 3, make_reverse},
      {"sort", 3, make_sort},
      {"recall", 5, make_recall},
      {"adding", 2, make_adding},
      {"copy-memory", 1, make_copy_memory},
      {"brackets", 9, make_brackets},
      {"tagging", 4, make_tagging},
      {"mood", 6, make_mood, 18},
      {"pictures-near", 8, make_pictures_near, 12, kLargestPicture},
      {"pictures-far", 8, make_pictures_far, 12, kLargestPicture},
      {"pictures-both", 8, make_pictures_both, 15, kLargestPicture},
      {"phonemes", 2, make_phonemes, 60},
      {"speaker", 2, make_speaker, 60},
      {"friends", 8, make_friends, 12, kLargestGraph},
      {"ring", 7, make_ring, 9, kLargestGraph},
      {"molecule", 8, make_molecule, 10, kLargestGraph},
  };
  return rows;
}

const TaskRow& row_of(const std::string& name) {
  for (const TaskRow& row : task_rows()) {
    if (row.name == name) return row;
  }
  const std::string near = nearest(name, task_names());
  throw Error(ErrorKind::usage, fmt::format("no task \"{}\"", escaped(name)),
              near.empty() ? fmt::format("possible: {}", joined(task_names(), ", "))
                           : fmt::format("did you mean {}?", near));
}

}  // namespace

Split split_of(const std::vector<float>& inputs) {
  std::uint64_t hash = kFnvBasis;
  for (const float input : inputs) {
    const auto bits = std::bit_cast<std::uint32_t>(input);
    for (int shift = 0; shift < 32; shift += 8) hash = fnv1a_step(hash, (bits >> shift) & 0xFF);
  }
  // FNV's high bits barely notice the last bytes: mix before taking them (fmix64 of MurmurHash3).
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDull;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53ull;
  hash ^= hash >> 33;
  return hash >> 61 == 0 ? Split::test : Split::train;
}

TaskBatch Task::batch(Rng& rng, std::size_t size, Split split) const {
  if (size == 0) {
    throw Error(ErrorKind::usage, fmt::format("task {}: a batch of 0 sequences", name),
                "ask for at least one");
  }
  const std::size_t width = std::max<std::size_t>(1, features);
  Array inputs = empty(features == 0 ? Shape{size, steps} : Shape{size, steps, features});
  Array targets = empty({size, answers()}), distances = empty({size, answers()}),
        edges = empty(graph ? Shape{size, steps, steps} : Shape{0});
  const double unasked = regression ? std::numeric_limits<double>::quiet_NaN() : -1;
  TaskExample example;
  std::vector<float> seen;
  const auto store = [](const auto& from, Array& to, std::size_t i) {
    std::transform(from.begin(), from.end(), to.data() + i * from.size(),
                   [](auto number) { return static_cast<real>(number); });
  };
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t tries = 0;; ++tries) {
      if (tries == kTries) {
        throw Error(
            ErrorKind::usage,
            fmt::format("task {} of length {}: none of {} sequences drawn belongs to the {} split",
                        name, length, kTries, split == Split::test ? "test" : "train"),
            "there are too few sequences of this length: choose a longer one");
      }
      example.inputs.assign(steps * width, 0);
      example.targets.assign(answers(), unasked);
      example.distances.assign(answers(), -1);
      example.edges.assign(graph ? steps * steps : 0, 0);
      draw(rng, example);
      seen = example.inputs;
      seen.insert(seen.end(), example.edges.begin(), example.edges.end());
      if (split_of(seen) == split) break;
    }
    store(example.inputs, inputs, i);
    store(example.targets, targets, i);
    store(example.distances, distances, i);
    store(example.edges, edges, i);
  }
  return {features == 0 ? Tensor::ids(std::move(inputs)) : Tensor::input(std::move(inputs)),
          regression ? Tensor::input(std::move(targets)) : Tensor::ids(std::move(targets)),
          std::move(distances), graph ? Tensor::input(std::move(edges)) : Tensor()};
}

TaskBatch TaskBatch::rows(const std::vector<std::size_t>& places) const {
  const auto chosen = [&](const Array& from) {
    Shape shape = shape_of(from);
    const std::size_t width = from.size() / shape[0];
    shape[0] = places.size();
    Array out = empty(shape);
    for (std::size_t i = 0; i < places.size(); ++i)
      std::copy_n(from.data() + places[i] * width, width, out.data() + i * width);
    return out;
  };
  const auto alike = [&](const Tensor& t) {
    return t.is_ids() ? Tensor::ids(chosen(t.value())) : Tensor::input(chosen(t.value()));
  };
  return {alike(inputs), alike(targets), chosen(distances), edges ? alike(edges) : Tensor()};
}

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const TaskRow& row : task_rows()) all.push_back(row.name);
    return all;
  }();
  return names;
}

std::size_t shortest_length(const std::string& name) { return row_of(name).shortest; }

std::size_t usual_length(const std::string& name) { return row_of(name).usual; }

std::unique_ptr<Task> make_task(const std::string& name, std::size_t length) {
  const TaskRow& row = row_of(name);
  if (length < row.shortest || length > row.longest) {
    throw Error(ErrorKind::usage, fmt::format("task {}: length {} is out of range", name, length),
                fmt::format("possible: {} .. {}", row.shortest, row.longest));
  }
  return row.make(length);
}

std::unique_ptr<Task> task_of(std::string name, std::size_t length, std::size_t steps,
                              std::vector<std::string> input_names,
                              std::vector<std::string> class_names) {
  auto task = std::make_unique<Task>();
  task->name = std::move(name);
  task->length = length;
  task->steps = steps;
  task->vocabulary = input_names.size();
  task->classes = class_names.size();
  task->input_names = std::move(input_names);
  task->class_names = std::move(class_names);
  task->chance = task->alone_accuracy = 1.0 / static_cast<double>(task->classes);
  task->chance_loss = std::log(static_cast<double>(task->classes));
  return task;
}

void set_chance(Task& task, const std::vector<std::vector<double>>& expected) {
  double right = 0, loss = 0, all = 0;
  for (const std::vector<double>& place : expected) {
    double total = 0, most = 0;
    for (const double count : place) {
      total += count;
      most = std::max(most, count);
    }
    for (const double count : place) {
      if (count > 0) loss -= count * std::log(count / total);
    }
    right += most;
    all += total;
  }
  task.chance = right / all;
  task.chance_loss = loss / all;
}

std::vector<std::string> numbered(const std::string& prefix, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

}  // namespace attn
