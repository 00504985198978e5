#include "app/learning/compare_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "app/learning/over_seeds.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

/// Mean over the seeds, with a 95 % interval: between seeds (Student) and of the test sequences
/// (Wilson), the wider.
struct Estimate {
  double mean = 0, low = 0, high = 0;
};

/// `sequences`: how many different test sequences there are, in effect. The answers of one sequence
/// depend on one another, and an answer drawn twice tells nothing new: a sequence counts once.
Estimate estimate(const std::vector<CellResult>& cells, bool regression, double sequences) {
  double asked = 0;
  std::vector<double> values;
  const auto value = [&](const CellResult& r) {
    return regression ? r.score.loss : r.score.accuracy;
  };
  for (const CellResult& r : cells) {
    values.push_back(value(r));
    asked += double(r.score.asked);
  }
  const auto [mean, between] = mean_of(values);
  Estimate e{mean, mean - between, mean + between};
  if (!regression) {
    const Interval once = wilson(mean, std::min(asked, sequences));
    e.low = std::max(0.0, std::min(e.low, once.low));
    e.high = std::min(1.0, std::max(e.high, once.high));
  }
  return e;
}

/// "0.969 +-0.009": the mean, and the larger half of its interval.
std::string in_words(const Estimate& e) {
  return fmt::format("{:.3f} +-{:.3f}", e.mean, std::max(e.mean - e.low, e.high - e.mean));
}

double accuracy_between(const std::vector<CellResult>& cells, std::size_t low, std::size_t high) {
  double right = 0, asked = 0;
  for (const CellResult& r : cells) {
    for (const DistanceScore& d : r.score.by_distance) {
      if (d.distance < low || d.distance > high) continue;
      right += d.accuracy * double(d.asked);
      asked += double(d.asked);
    }
  }
  return asked == 0 ? std::nan("") : right / asked;
}

double mean_accuracy(const std::vector<CellResult>& cells) {
  std::vector<double> values;
  for (const CellResult& r : cells) values.push_back(r.score.accuracy);
  return mean_of(values).mean;
}

class Report {
 public:
  Report(Stage& s, const CompareOptions& o, std::vector<std::string> models, Results results)
      : s_(s),
        o_(o),
        models_(std::move(models)),
        results_(std::move(results)),
        columns_(columns_of(o)),
        task_(make_task(o.task, largest().length)) {}

  void write() {
    accuracy_table();
    if (!o_.examples.empty() && !task_->regression) training_table();
    if (!task_->regression) {
      count_sequences();
      s_.trace.add(Verbatim{plot()});
      if (task_->has_distances) distance_table();
    }
    cost_table();
    published();
    verdict();
  }

 private:
  /// The column that asks most: the longest sequences, the most examples.
  const Column& largest() const { return *std::max_element(columns_.begin(), columns_.end()); }
  /// Whether the columns differ in the number of examples, or in the length.
  bool by_examples() const { return !o_.examples.empty() && o_.lengths.size() == 1; }
  std::string name(const Column& column) const {
    return by_examples() ? fmt::format("{} examples", column.examples)
                         : fmt::format("n = {}", column.length);
  }
  std::size_t number(const Column& column) const {
    return by_examples() ? column.examples : column.length;
  }
  const std::vector<CellResult>* cells(const std::string& model, const Column& column) const {
    const auto found = results_.find({model, column});
    return found == results_.end() ? nullptr : &found->second;
  }

  /// Accuracy over length, or over the number of examples.
  std::string plot() const {
    std::vector<std::int64_t> at;
    std::vector<std::vector<double>> means(models_.size());
    for (const Column& column : columns_) {
      at.push_back(static_cast<std::int64_t>(number(column)));
      for (std::size_t m = 0; m < models_.size(); ++m) {
        const auto* found = cells(models_[m], column);
        means[m].push_back(found ? mean_accuracy(*found) : std::nan(""));
      }
    }
    return accuracy_plot(models_, by_examples() ? "N" : "n", at, means);
  }

  /// The test sequences of these cells, which are of one length.
  const TestSequences& tested(const std::vector<CellResult>& cells) {
    std::vector<std::uint64_t> seeds;
    for (const CellResult& r : cells) seeds.push_back(r.seed);
    const auto [at, is_new] = tested_.try_emplace({cells.front().length, seeds});
    if (is_new) at->second = test_sequences(*make_task(o_.task, cells.front().length), seeds);
    return at->second;
  }

  Estimate estimate_of(const std::vector<CellResult>& cells) {
    return estimate(cells, task_->regression, task_->regression ? 0 : tested(cells).effective);
  }

  /// "118 of 1024 at n = 9".
  void count_sequences() {
    std::vector<std::string> counts;
    for (const Column& column : columns_) {
      if (by_examples() && !counts.empty()) break;  // the same ones for all
      for (const std::string& model : models_) {
        const auto* found = cells(model, column);
        if (!found) continue;
        const TestSequences& sequences = tested(*found);
        counts.push_back(
            fmt::format("{} of {} at n = {}", sequences.different, sequences.drawn, column.length));
        break;
      }
    }
    s_.trace.say(fmt::format(
        "Different sequences among the test sequences: {}. The answers of one sequence count as "
        "one, so few sequences make a wide interval.",
        joined(counts, ", ")));
  }

  void accuracy_table() {
    const bool regression = task_->regression;
    Table table{regression ? "loss" : "accuracy",
                fmt::format("On test sequences{}; after +- a 95 % interval.",
                            o_.seeds > 1 ? fmt::format(", means of {} seeds", o_.seeds) : ""),
                {"model"},
                {}};
    Array means = full({models_.size(), columns_.size()}, std::numeric_limits<real>::quiet_NaN());
    for (const Column& column : columns_) table.columns.push_back(name(column));
    for (std::size_t m = 0; m < models_.size(); ++m) {
      std::vector<Table::Cell> row{models_[m]};
      for (std::size_t l = 0; l < columns_.size(); ++l) {
        const auto* found = cells(models_[m], columns_[l]);
        row.emplace_back(found ? in_words(estimate_of(*found)) : std::string("-"));
        if (found)
          means.data()[m * columns_.size() + l] = static_cast<real>(estimate_of(*found).mean);
      }
      table.rows.push_back(std::move(row));
    }
    s_.trace.result = table.name;
    s_.trace.add(std::move(table));
    s_.trace.labels["model"] = models_;
    const char* axis = by_examples() ? "examples" : "length";
    for (const Column& column : columns_)
      s_.trace.labels[axis].push_back(std::to_string(number(column)));
    s_.trace.restart_clock();  // the trainings took their time before, in the table of costs
    note(s_.run, regression ? "mean_loss" : "mean_accuracy",
         regression ? "mean squared error" : "share of right answers", {"model", axis},
         Tensor(std::move(means)));
    s_.trace.find(regression ? "mean_loss" : "mean_accuracy")->milliseconds =
        0;  // of the trainings
  }

  /// What the models know of the examples that they learnt from, beside what they can do on others.
  void training_table() {
    Table table{"training",
                "Accuracy on the examples that were learnt from. Where it is far above the one on "
                "test sequences, the examples were learnt by heart.",
                {"model"},
                {}};
    for (const Column& column : columns_) table.columns.push_back(name(column));
    for (const std::string& model : models_) {
      std::vector<Table::Cell> row{model};
      for (const Column& column : columns_) {
        std::vector<double> values;
        if (const auto* found = cells(model, column))
          for (const CellResult& r : *found) values.push_back(r.train_accuracy);
        row.emplace_back(values.empty() ? Table::Cell(std::string("-"))
                                        : Table::Cell(mean_of(values).mean));
      }
      table.rows.push_back(std::move(row));
    }
    s_.trace.add(std::move(table));
  }

  void distance_table() {
    Table table{"by_distance",
                fmt::format("Accuracy by how far back the answer stood, at {}.", name(largest())),
                {"distance"},
                {}};
    for (const std::string& model : models_) table.columns.push_back(model);
    std::vector<std::string> labels;
    std::vector<double> values;
    for (std::size_t low = 0, high = 1; low <= 2 * largest().length + 2;
         low = high + 1, high = low * 2 - 1) {
      std::vector<Table::Cell> row{low == high ? std::to_string(low)
                                               : fmt::format("{} to {}", low, high)};
      std::vector<double> numbers;
      bool any = false;
      for (const std::string& model : models_) {
        const auto* found = cells(model, largest());
        const double value = found ? accuracy_between(*found, low, high) : std::nan("");
        any |= !std::isnan(value);
        numbers.push_back(value);
        row.emplace_back(std::isnan(value) ? Table::Cell(std::string("-")) : Table::Cell(value));
      }
      if (!any) continue;
      labels.push_back(std::get<std::string>(row[0]));
      values.insert(values.end(), numbers.begin(), numbers.end());
      table.rows.push_back(std::move(row));
    }
    s_.trace.add(std::move(table));
  }

  void cost_table() {
    const bool placed = task_->has_distances;
    Table table{
        "cost",
        fmt::format("At {}. sequential: steps that must wait for one another.{}", name(largest()),
                    placed ? " path: layers or time steps over the largest distance; -: "
                             "the model cannot see so far."
                           : ""),
        {"model", "parameters", "loss", "steps", "train seconds", "ms per step", "sequential"},
        {}};
    if (placed) table.columns.insert(table.columns.end(), {"path", "sees back"});
    for (const std::string& model : models_) {
      const auto* found = cells(model, largest());
      if (!found) continue;
      double loss = 0, steps = 0, seconds = 0;
      for (const CellResult& r : *found) {
        loss += r.score.loss / double(found->size());
        steps += double(r.steps) / double(found->size());
        seconds += r.train_seconds / double(found->size());
      }
      const CellResult& first = found->front();
      table.rows.push_back({model, double(first.parameters), loss, steps, seconds,
                            1000 * seconds / std::max(steps, 1.0), double(first.sequential_steps)});
      if (!placed) continue;
      table.rows.back().push_back(first.longest_path == 0
                                      ? Table::Cell(std::string("-"))
                                      : Table::Cell(double(first.longest_path)));
      table.rows.back().push_back(double(first.sees_back));
    }
    s_.trace.add(std::move(table));
  }

  void published() {
    if (o_.task == "adding") {
      s_.trace.say(
          "Published (Bai et al. 2018, Table 1; length 600, about 70 000 parameters), loss: LSTM "
          "0.164, GRU 5.3e-5, RNN 0.177, "
          "TCN 5.8e-5. Ours is shorter and smaller, so only the order can be compared.");
    } else if (o_.task == "copy-memory") {
      s_.trace.say(
          "Published (Bai et al. 2018, Table 1; 1000 blanks, about 16 000 parameters), loss: LSTM "
          "0.0204, GRU 0.0197, RNN 0.0202, "
          "TCN 3.5e-5. Ours has fewer blanks, so only the order can be compared.");
    } else if (o_.task == "recall") {
      s_.trace.say(
          "Published (Arora et al. 2023, \"Zoology\"): recall explains 82 % of the perplexity gap "
          "between attention and gated "
          "convolutions. The setting is another one; only the direction can be compared.");
    }
  }

  /// How many trainings of this column are not there.
  std::size_t absent(const Column& column) const {
    std::size_t there = 0;
    for (const std::string& model : models_) {
      if (const auto* found = cells(model, column)) there += found->size();
    }
    return models_.size() * static_cast<std::size_t>(o_.seeds) - there;
  }

  void verdict() {
    const bool regression = task_->regression;
    s_.trace.say("What these figures support:");
    for (const Column& column : columns_) {
      std::vector<std::pair<std::string, Estimate>> ranked;
      for (const std::string& model : models_) {
        if (const auto* found = cells(model, column))
          ranked.emplace_back(model, estimate_of(*found));
      }
      if (ranked.size() < 2) continue;
      if (const std::size_t missing = absent(column); missing > 0) {
        s_.trace.say(fmt::format("{}: {} of {} trainings are missing, so nothing can be said.",
                                 name(column), missing,
                                 models_.size() * static_cast<std::size_t>(o_.seeds)));
        continue;
      }
      std::stable_sort(ranked.begin(), ranked.end(), [&](const auto& a, const auto& b) {
        return regression ? a.second.mean < b.second.mean : a.second.mean > b.second.mean;
      });
      std::vector<std::string> together, behind;
      for (const auto& [model, e] : ranked) {
        const Estimate& best = ranked[0].second;
        const bool apart = regression ? e.low > best.high : e.high < best.low;
        (apart ? behind : together).push_back(model);
      }
      std::string line = name(column) + ": ";
      line += together.size() == 1
                  ? fmt::format("{} is ahead", together[0])
                  : fmt::format("{} cannot be told apart (their intervals overlap the best one's)",
                                joined(together, ", "));
      if (!behind.empty()) line += fmt::format("; behind: {}", joined(behind, ", "));
      s_.trace.say(line + ".");
      if (!s_.trace.in_words.empty()) s_.trace.in_words += " ";
      s_.trace.in_words += line + ".";
    }
    limited();
    if (regression || !task_->has_distances) return;
    for (const std::string& model : models_) {
      const auto* found = cells(model, largest());
      if (!found || found->front().sees_back + 1 >= task_->steps) continue;
      const std::size_t sees = found->front().sees_back;
      const double within = accuracy_between(*found, 0, sees),
                   beyond = accuracy_between(*found, sees + 1, ~std::size_t{0});
      if (std::isnan(beyond)) continue;
      s_.trace.say(
          fmt::format("{} sees {} back: accuracy {} within, {:.3f} beyond (guessing gives {:.3f}).",
                      model, how_many(sees, "step"),
                      std::isnan(within) ? "(nothing was asked)" : fmt::format("{:.3f}", within),
                      beyond, task_->chance));
    }
  }

  /// Who was stopped by the step limit was compared by speed of learning, not by what it can learn.
  void limited() {
    std::vector<std::string> stopped;
    for (const std::string& model : models_) {
      const auto* found = cells(model, largest());
      if (found && std::any_of(found->begin(), found->end(), [&](const CellResult& r) {
            return r.steps >= static_cast<std::uint64_t>(o_.training.steps);
          })) {
        stopped.push_back(model);
      }
    }
    if (stopped.empty()) return;
    s_.trace.say(
        fmt::format("At {} these reached the limit of {}, so the figures say what they "
                    "learnt by then, not "
                    "what they could learn: {}.",
                    name(largest()), how_many(o_.training.steps, "step"), joined(stopped, ", ")));
  }

  Stage& s_;
  const CompareOptions& o_;
  std::vector<std::string> models_;
  Results results_;
  std::vector<Column> columns_;
  std::unique_ptr<Task> task_;
  std::map<std::pair<std::size_t, std::vector<std::uint64_t>>, TestSequences> tested_;
};

}  // namespace

std::vector<Column> columns_of(const CompareOptions& o) {
  std::vector<Column> columns;
  for (const std::int64_t n : o.lengths) {
    const auto length = static_cast<std::size_t>(n);
    if (o.examples.empty()) columns.emplace_back(length);
    for (const std::int64_t pool : o.examples)
      columns.emplace_back(length, static_cast<std::size_t>(pool));
  }
  return columns;
}

void report_comparison(Stage& s, const CompareOptions& o, const std::vector<std::string>& models,
                       const Results& results) {
  Report(s, o, models, results).write();
}

}  // namespace attn::app
