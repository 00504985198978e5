#pragma once
// Toy sequences on which models are compared: what is read, what is asked, how far back the answer
// stands. Every answer follows from what stands at or before its step, so a model that may look at
// the whole sequence has no more to go by than a causal one; both can reach the best score. Nothing
// is answered step by step from earlier answers: where an answer is due, the input is a blank (or a
// query, a "close", the word itself), and a model has to know from the place what to say.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attn/core/rng.h"
#include "attn/graph/tensor.h"

namespace attn {

/// Sequences to learn from, and sequences to be measured on: no sequence is in both.
enum class Split { train, test };

/// One batch: what the model reads, what it should answer, and how far back the answer stands. A
/// task with one label for each whole sequence has one answer instead of T.
struct TaskBatch {
  Tensor inputs;   ///< ids (B,T), or numbers (B,T,c) if the task has features
  Tensor targets;  ///< ids (B,T), -1 where nothing is asked; a regression: numbers (B,T), NaN there
  Array distances;  ///< (B,T): steps back from the answer to what it depends on; -1 where not asked
  Tensor edges = {};  ///< of graphs (B,T,T): 1 where two nodes are joined, 0 elsewhere

  std::size_t size() const { return targets.shape()[0]; }
  /// The sequences that stand at these places of the batch, in this order.
  TaskBatch rows(const std::vector<std::size_t>& places) const;
};

/// One sequence while it is drawn. Numbers are float in every build, so that a seed gives the same
/// sequences and the same split in all of them.
struct TaskExample {
  std::vector<float> inputs;      ///< (T) ids or (T,c) numbers; zeros before it is drawn
  std::vector<double> targets;    ///< (T); -1 or NaN before
  std::vector<double> distances;  ///< (T); -1 before
  std::vector<float> edges;       ///< of a graph (T,T); zeros before

  /// At `step` the right answer is `answer`, and it depends on what stands at `from`.
  void ask(std::size_t step, double answer, std::size_t from) {
    targets[step] = answer;
    distances[step] = static_cast<double>(step - from);
  }
  /// The right label of the whole sequence.
  void ask(double label) { ask(0, label, 0); }
};

/// A task at one length. Scores count the places that are asked, all alike: accuracy is the share
/// of right answers, loss their mean cross-entropy in nats (a regression: mean squared error).
struct Task {
  std::string name;
  std::string about;           ///< one sentence
  std::size_t length = 0;      ///< n, as asked for
  std::size_t steps = 0;       ///< T of a batch
  std::size_t vocabulary = 0;  ///< input ids; 0 if the inputs are numbers
  std::size_t classes = 0;     ///< answers are 0 .. classes-1; 1 for a regression
  std::size_t features = 0;    ///< numbers per step; 0 if the inputs are ids
  bool regression = false;
  bool whole = false;         ///< one label for each whole sequence
  bool has_distances = true;  ///< each answer depends on what stands at some place
  bool graph = false;         ///< the steps are nodes in no order, joined by edges
  std::size_t side = 0;  ///< of a square picture, whose pixels are the steps, row by row; else 0
  std::string unit = "questions";        ///< what is asked for, in the plural: "pictures"
  std::vector<std::string> input_names;  ///< of each input id; of each feature
  std::vector<std::string> class_names;  ///< of each answer

  double best_accuracy = 1;  ///< of a model that knows the rule; NaN for a regression
  double best_loss = 0;
  std::string best;           ///< why this is the best, one sentence
  double chance = 0;          ///< accuracy of the best guess that knows the place and reads nothing
  double chance_loss = 0;     ///< loss of the best distribution of that kind
  double alone_accuracy = 0;  ///< the best of a model that sees each step alone and no place

  /// Draws one sequence of either split into an example of the right sizes.
  std::function<void(Rng&, TaskExample&)> draw;

  std::size_t answers() const { return whole ? 1 : steps; }  ///< places where one may be due

  /// `size` sequences of this split: sequences are drawn until one belongs to it, so the splits are
  /// disjoint, and the same generator gives the same batch.
  /// Throws Error(usage) for size 0, and where the task has (next to) no sequence in this split.
  TaskBatch batch(Rng& rng, std::size_t size, Split split) const;
};

/// The split that a sequence belongs to, by its inputs alone (of a graph: and its edges, behind
/// them): FNV-1a (64 bits) over their float
/// bits, low byte first, then MurmurHash3's finalizer; the first of eight equal ranges is `test`.
Split split_of(const std::vector<float>& inputs);

/// The tasks, in the order in which they are shown.
const std::vector<std::string>& task_names();

/// The shortest length of this task: shorter ones have fewer than 100 different test sequences.
/// Throws Error(usage) for an unknown name.
std::size_t shortest_length(const std::string& name);

/// The length that this task has where none is given; 0: any that is usual.
/// Throws Error(usage) for an unknown name.
std::size_t usual_length(const std::string& name);

/// The task of this name for sequences of `length` (what length counts is the task's `about`).
/// Throws Error(usage) for an unknown name and for a length out of the task's range.
std::unique_ptr<Task> make_task(const std::string& name, std::size_t length);

/// The best accuracy on `tagging` of a model that sees each word alone: for every word its most
/// frequent tag, sum_w max_t E[count(w,t)] / E[count]. Exact, from the grammar's probabilities.
/// For sentences of at most `length` words, which are 3 or more.
double tagging_word_ceiling(std::size_t length);

}  // namespace attn
