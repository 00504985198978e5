#pragma once
// Sheets of homework: what is given, what is asked step by step, and what learners get wrong.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "attn/core/rng.h"
#include "attn/graph/tensor.h"

namespace attn::app::homework {

/// What is given and what earlier steps gave, by name. Remembers which names were read, so that a
/// grader knows on which answers a step rests.
class Values {
 public:
  /// Throws Error(internal) if there is no such value.
  const Tensor& operator[](std::string_view name) const;
  void set(const std::string& name, Tensor value) { values_[name] = std::move(value); }
  void set(const std::string& name, Array value) { values_[name] = Tensor(std::move(value)); }
  const std::map<std::string, Tensor, std::less<>>& all() const { return values_; }

  const std::set<std::string, std::less<>>& read() const { return read_; }
  void forget_reads() { read_.clear(); }

 private:
  std::map<std::string, Tensor, std::less<>> values_;
  mutable std::set<std::string, std::less<>> read_;
};

/// What somebody who holds this misconception would write.
struct Wrong {
  std::string_view id;
  Array value;
};
using Wrongs = std::vector<Wrong>;

/// One number, row or matrix that is asked for.
struct SheetStep {
  std::string name;  ///< the answer's file: answers/NAME.csv
  std::string task;  ///< Markdown: the formula and what it means
  double points = 1;
  int digits = 3;  ///< asked for behind the decimal point
  /// The answer, from what is given and the steps before it. The same operations of which the
  /// models are made; empty for steps that are no arithmetic.
  std::function<Array(const Values&)> right = {};
  /// What wrong ideas would give, from the same values. Several may share an id.
  std::function<Wrongs(const Values&)> wrong = {};
  /// What else may be computed from wrong earlier answers, and is the same from right ones.
  std::function<std::vector<Array>(const Values&)> others = {};
};

struct Given {
  std::string name;  ///< inputs/NAME.csv
  std::string text;
};

struct Sheet {
  std::string name, title;
  std::string intro;  ///< Markdown
  std::vector<Given> given;
  std::vector<SheetStep> steps;
  /// Draws what is given.
  std::function<Values(Rng&)> draw;
  double points() const;
};

/// All sheets, in the order of the course; the lab report is the last.
const std::vector<Sheet>& sheets();
/// Throws Error(usage) with the nearest name.
const Sheet& find_sheet(const std::string& name);
/// True for the lab report, which homework/lab.h grades.
bool is_lab(const Sheet& sheet);

Sheet softmax_sheet();
Sheet head_sheet();
Sheet heads_sheet();
Sheet encoder_sheet();
Sheet decoder_sheet();
Sheet bert_sheet();
Sheet recurrent_sheet();
Sheet graph_sheet();
Sheet lab_sheet();

/// What is given together with the right answer of every step.
Values key_of(const Sheet& sheet, const Values& given);

}  // namespace attn::app::homework
