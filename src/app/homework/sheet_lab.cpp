// The lab report: which experiment, and what is asked.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/homework/lab.h"
#include "app/homework/wrong.h"
#include "attn/core/joined.h"

namespace attn::app::homework {

namespace {

const std::vector<std::string> kTasks = {"first", "reverse"};
const std::vector<std::string> kModels = {"rnn", "lstm", "gru", "cnn", "attention"};
constexpr std::size_t kMostLength = 20, kMostSteps = 1000, kMostBudget = 10'000;

/// task, first model, second model, two lengths, steps, parameters
Values draw(Rng& rng) {
  const std::uint64_t model = rng.below(kModels.size() - 1);
  const double length = 4 + static_cast<double>(rng.below(3));
  Array row = empty({1, 7});
  const double numbers[] = {static_cast<double>(rng.below(kTasks.size())),
                            static_cast<double>(model),
                            static_cast<double>(kModels.size() - 1),
                            length,
                            2 * length,
                            200 + 10 * static_cast<double>(rng.below(21)),
                            2000 + 100 * static_cast<double>(rng.below(21))};
  std::copy(std::begin(numbers), std::end(numbers), row.begin());
  Values v;
  v.set("experiment", row);
  return v;
}

}  // namespace

std::string Experiment::command() const {
  return fmt::format(
      "compare --task {} --models {} --lengths {} --seeds 1 --steps {} --budget {} --json", task,
      joined(models, ","), fmt::join(lengths, ","), steps, budget);
}

Experiment experiment_of(const Values& given) {
  const Array& n = given["experiment"].value();
  Experiment e;
  e.task = kTasks[index_of(n(0, 0), kTasks.size())];
  e.models = {kModels[index_of(n(0, 1), kModels.size())],
              kModels[index_of(n(0, 2), kModels.size())]};
  e.lengths = {index_of(n(0, 3), kMostLength), index_of(n(0, 4), kMostLength)};
  e.steps = index_of(n(0, 5), kMostSteps);
  e.budget = index_of(n(0, 6), kMostBudget);
  return e;
}

Sheet lab_sheet() {
  Sheet sheet;
  sheet.name = "lab";
  sheet.title = "Lab report: who learns what";
  sheet.intro =
      "Two models of the same size learn the same task on sequences of two lengths. You say what "
      "will happen **before** you run it, save what the program measured, and conclude. A "
      "prediction that turns out wrong costs nothing; a conclusion that the figures do not carry "
      "does.";
  sheet.given = {{"experiment",
                  "your experiment in numbers (task, models, lengths, steps, parameters); the "
                  "command above says the same in words"}};
  sheet.draw = draw;
  sheet.steps = {
      {.name = "prediction",
       .task = "Before the run: the accuracy (0 to 1) that you expect of each model (rows) at each "
               "length (columns), a matrix of shape (2,2).",
       .points = 2},
      {.name = "evidence",
       .task = "Run the command and save what it prints as `answers/evidence.json`. Do not edit "
               "that file.",
       .points = 3},
      {.name = "accuracy",
       .task = "The accuracies of your evidence, models in rows, lengths in columns, as in the "
               "prediction: a matrix of shape (2,2), three digits.",
       .points = 2},
      {.name = "gap",
       .task = "The accuracy of the second model minus that of the first, at each length: a row of "
               "shape (1,2).",
       .points = 1},
      {.name = "conclusion",
       .task = "`answers/conclusion.md`: what you conclude, in 40 to 400 words. Name both models "
               "and at least two figures with a decimal point (accuracies, losses, gaps). Every "
               "such figure must stand in your evidence or in your own answers.",
       .points = 2},
  };
  return sheet;
}

}  // namespace attn::app::homework
