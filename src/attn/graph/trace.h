#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "attn/core/error.h"
#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

/// One number of a tensor, by its place in memory order.
struct NumberRef {
  Tensor tensor;
  std::size_t index;
};

/// How one number of an op's result came about, in the numbers it was made from:
/// pieces of text ("exp(", ") / ") and references, in reading order, and the value that this
/// arithmetic gives, computed again in double.
struct Reason {
  std::string rule;  ///< in words: "a row of x times a column of w"
  std::vector<std::variant<std::string, NumberRef>> arithmetic;
  double value = 0;

  Reason& text(std::string piece);
  Reason& number(const Tensor& tensor, std::size_t index);
};

/// What an op tells the trace about a result: its name, inputs, work, and how to explain element i.
struct Making {
  std::string op;
  std::vector<Tensor> inputs;
  double flops = 0;
  std::function<Reason(std::size_t index)> explain;
};

/// How people see a step, unless --show asks for its numbers. Programs always get all.
enum class Look {
  numbers,
  map,      ///< small, one shade per number: many heads at a glance
  picture,  ///< pixels (h,w,c) as they are; a matrix (time, band) in colours, time to the right.
            ///< With --show too
  hidden,   ///< one of the hundreds of steps of a whole model
};

/// A named matrix of the trace.
struct Step {
  std::string path;               ///< "layer.0.attention.weights"
  std::string formula;            ///< "A = softmax(S + M)"
  std::vector<std::string> axes;  ///< {"head", "query", "key"}
  Tensor data;                    ///< shared with the model, never copied
  std::vector<std::string> from;  ///< paths of the steps it was computed from
  double milliseconds = 0;        ///< work from the named steps to this (median over repeats)
  double spread = 0;              ///< half the distance of the quartiles over repeats; 0 if one
  double flops = 0;
  std::string about;               ///< one or two sentences: what it is, what to look at
  std::vector<std::string> cells;  ///< a label per number to show in its place ("t3.d5"), or none
  Look look = Look::numbers;

  const Array& values() const { return data.value(); }
  Shape shape() const { return data.shape(); }
  Tensor::Kind kind() const { return data.kind(); }
  bool is_ids() const { return data.is_ids(); }
};

/// Lines of explanation between the steps.
struct Remark {
  std::string text;
};

/// Text whose line breaks and spaces are kept: a drawing, a script.
struct Verbatim {
  std::string text;
};

/// Two ways to the same numbers, or a claim with a number: what was compared, how far apart.
struct Check {
  std::string claim;
  double difference = 0;
  double tolerance = 0;
  bool holds() const { return difference <= tolerance; }  // false for NaN
};

/// A small table beside the matrices; a cell is a number or a word.
struct Table {
  using Cell = std::variant<double, std::string>;
  std::string name;  ///< a path, as for steps
  std::string about;
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
  bool only_data = false;  ///< for programs: people have read it already, in other words
};

/// A picture whose patches, row by row, are the tokens: attention weights are drawn over it.
struct Scene {
  Tensor pixels;         ///< (h,w,c) from 0 to 1
  std::size_t side = 1;  ///< pixels of a patch's edge
  std::size_t at = 0;    ///< the patch whose weights are drawn

  std::size_t rows() const { return pixels.shape()[0] / side; }
  std::size_t columns() const { return pixels.shape()[1] / side; }
};

using Item = std::variant<Step, Remark, Verbatim, Check, Table>;

/// Where the numbers of a trace's parameters come from.
enum class Origin {
  unsaid,  ///< nobody said: a trace of parameters made by hand
  drawn,   ///< at random, by the seed
  learnt,  ///< in a training: a trained model was read
  file,    ///< a file that was given in their place
};

/// What one command or one pass shows: named steps with explanation between them, in program order.
/// Renderers, `why`, lessons and homework see a Trace and nothing else.
class Trace {
 public:
  Trace();
  ~Trace();
  Trace(const Trace&);
  Trace(Trace&&) noexcept;
  Trace& operator=(const Trace&);
  Trace& operator=(Trace&&) noexcept;

  std::vector<std::string> command;  ///< argv without the program's name
  std::string title;                 ///< one line above everything
  std::uint64_t seed = 1;
  Origin parameters = Origin::unsaid;
  int threads = 1;
  bool interrupted = false;  ///< Ctrl-C ended the work early; what is here is what was done
  std::string go_on;         ///< if interrupted: how to go on, for the message
  /// What was done could not be saved: it is shown all the same, and then this is told.
  std::optional<Error> failure;
  int repeats = 1;          ///< how many passes the times are the median of
  double milliseconds = 0;  ///< the whole computation, without showing it
  std::string result;       ///< the step or table that a summary shows; "": the last computed step
  std::string in_words;     ///< the result as a sentence, where it is one
  std::vector<std::string> tokens;
  std::optional<Scene> scene;  ///< what the tokens are patches of, if they are
  std::vector<Item> items;
  std::string document;  ///< what --json prints for commands with a format of their own
                         ///< (bench, compare); empty: the trace itself
  /// Row and column labels by axis name ("query" -> the tokens).
  std::map<std::string, std::vector<std::string>, std::less<>> labels;

  /// Called by ops: `y` was made like this. The time since the op before is y's.
  void made(const Tensor& y, Making making);
  /// The numbers of `parts`, one after the other, are those of `whole`: a part's number is known
  /// by its place in the whole.
  void made_of_parts(const Tensor& whole, const std::vector<Tensor>& parts);
  /// Called through note(): `value` gets a name. To it belong the operations and the time of the
  /// ops that it comes from, back to what has a name; of computed values also the time since the
  /// last op.
  void add(std::string_view path, std::string_view formula, std::vector<std::string> axes,
           const Tensor& value);
  /// Restarts the clock, so that what was done outside the model is nobody's time.
  void restart_clock();

  /// The step with this path, or null. The last one, if a path was used twice.
  const Step* find(std::string_view path) const;
  Step* find(std::string_view path);
  std::vector<const Step*> steps() const;

  /// How this tensor was made, or null for a parameter or an input.
  const Making* making(const Tensor& tensor) const;
  /// The path under which this tensor was noted first, or "".
  std::string_view name(const Tensor& tensor) const;
  /// The number of the whole that this number of a part is, or itself (made_of_parts).
  NumberRef in_whole(const NumberRef& part) const;
  /// What was made and noted, in this order.
  const std::vector<Tensor>& kept() const { return kept_; }

  void add(Item item);
  void say(std::string text);
  void check(std::string claim, double difference, double tolerance);

  /// A scope's prefix for the paths noted inside it ("layer.0.").
  std::string prefix;

 private:
  struct Work {
    double flops = 0, milliseconds = 0;
  };
  std::vector<std::string> named_ancestors(const Tensor& value) const;
  Work take_work(const Tensor& value);

  std::unordered_map<const void*, Making> makings_;
  std::unordered_map<const void*, NumberRef> parts_;  // a part -> where it begins in its whole
  std::unordered_map<const void*, std::string> names_;
  std::vector<Tensor> kept_;                    // keeps ids unique while this trace lives
  std::unordered_map<const void*, Work> work_;  // of ops that belongs to no step yet
  std::unordered_set<const void*> taken_;       // tensors whose work is a step's
  double lap();                                 // milliseconds since the last lap or restart
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// True if the dotted path matches the glob: `*` stands for any run of characters, `?` for one.
/// A glob without a dot also matches the path's last name: "weights" fits "layer.0.weights".
/// Commas separate globs of which one must match.
bool matches(std::string_view glob, std::string_view path);

/// Names a result where it arises; one branch when nobody looks.
inline void note(const Run& run, std::string_view path, std::string_view formula,
                 std::initializer_list<const char*> axes, const Tensor& value) {
  if (run.trace) run.trace->add(path, formula, {axes.begin(), axes.end()}, value);
}

/// Puts "name." before every path noted during its life.
class Scope {
 public:
  Scope(const Run& run, std::string_view name) : trace_(run.trace) {
    if (!trace_) return;
    length_ = trace_->prefix.size();
    trace_->prefix.append(name).append(".");
  }
  ~Scope() {
    if (trace_) trace_->prefix.resize(length_);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Trace* trace_;
  std::size_t length_ = 0;
};

}  // namespace attn
