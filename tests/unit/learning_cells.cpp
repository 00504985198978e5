// The cells of a comparison on disk, and what the report says of them.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "app/learning/cells.h"
#include "app/learning/compare_report.h"
#include "app/learning/over_seeds.h"
#include "attn/io/file.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using doctest::Approx;
using io_test::check_error;
using io_test::Folder;

namespace {

CellSettings settings() { return {.task = "recall", .budget = 2000, .training = {}}; }

CellResult result(const std::string& model, std::uint64_t seed, double accuracy,
                  std::size_t asked = 1000) {
  CellResult r;
  r.model = model;
  r.length = 8;
  r.seed = seed;
  r.parameters = 1987;
  r.width = 12;
  r.steps = 340;
  r.train_seconds = 1.5;
  r.score = {0.25, accuracy, 0.5, asked, {{1, asked / 2, accuracy}, {7, asked / 2, accuracy}}};
  r.sequential_steps = 8;
  r.longest_path = 3;
  r.sees_back = 1000;
  return r;
}

/// The report of these cells, as text: remarks and drawings, tables row by row.
std::string report(const std::vector<CellResult>& cells, CompareOptions o = {}) {
  Results results;
  std::vector<std::string> models;
  for (const CellResult& one : cells) {
    if (models.empty() || models.back() != one.model) models.push_back(one.model);
    results[{one.model, one.length}].push_back(one);
  }
  o.lengths = {static_cast<std::int64_t>(cells[0].length)};
  o.seeds = static_cast<std::int64_t>(results.begin()->second.size());
  const Common common;
  Stage stage(common);
  report_comparison(stage, o, models, results);
  std::string out;
  for (const Item& item : stage.trace.items) {
    if (const auto* remark = std::get_if<Remark>(&item)) out += remark->text + "\n";
    const auto* table = std::get_if<Table>(&item);
    if (!table) continue;
    out += table->name + ":";
    for (const std::string& column : table->columns) out += " | " + column;
    out += "\n";
    for (const auto& row : table->rows) {
      for (const Table::Cell& cell : row) {
        const auto* number = std::get_if<double>(&cell);
        out += (number ? fmt::format("{:.4g}", *number) : std::get<std::string>(cell)) + " | ";
      }
      out += "\n";
    }
  }
  return out;
}

/// Without waiting for the disk, as write_file does.
void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class Watcher : public Progress {
 public:
  explicit Watcher(bool stops) : stops_(stops) {}
  void show(const std::string& line) override { last = line; }
  bool stop() override { return stops_; }
  std::string last;

 private:
  bool stops_;
};

}  // namespace

TEST_CASE("cells: what was written is read back, number by number") {
  const Folder folder;
  const std::string path = folder / "cell.json";
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> draw(0, 1);
  for (std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{3}, ~std::uint64_t{0}}) {
    CellResult cell = result("gru", seed, draw(random), random() % 1000);
    cell.score.loss = draw(random) * 1e-9;
    cell.train_seconds = draw(random) * 1e6;
    write_cell(path, settings(), cell);
    const auto read = read_cell(path, settings(), "gru", 8, seed);
    REQUIRE(read.has_value());
    CHECK(cell_json(settings(), *read) == cell_json(settings(), cell));
    CHECK(read->score.loss == cell.score.loss);
    CHECK(read->score.by_distance.size() == 2);
    CHECK(read->score.by_distance[1].distance == 7);
    CHECK(read->seed == seed);
    CHECK(read->sees_back == 1000);
  }
}

TEST_CASE("cells: what is not a number, as the accuracy of a regression, stays none") {
  const Folder folder;
  CellResult cell = result("gru", 1, std::nan(""));
  cell.score.by_distance.clear();
  write_cell(folder / "c", settings(), cell);
  const auto read = read_cell(folder / "c", settings(), "gru", 8, 1);
  REQUIRE(read.has_value());
  CHECK(std::isnan(read->score.accuracy));
  CHECK(read->score.exact == 0.5);
  CHECK(read->score.by_distance.empty());
  CHECK(nlohmann::json::parse(cell_json(settings(), cell))["accuracy"].is_null());
}

TEST_CASE("cells: a file with a byte changed or missing, wherever, is no result") {
  const Folder folder;
  const std::string path = folder / "cell.json";
  write_cell(path, settings(), result("gru", 1, 0.5));
  const std::string whole = read_file(path);
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    std::string other = whole;
    other[i] = static_cast<char>(other[i] ^ 1);
    write(path, other);
    INFO("byte ", i);
    CHECK_FALSE(read_cell(path, settings(), "gru", 8, 1).has_value());
    write(path, whole.substr(0, i));
    CHECK_FALSE(read_cell(path, settings(), "gru", 8, 1).has_value());
  }
  write(path, whole);
  CHECK(read_cell(path, settings(), "gru", 8, 1).has_value());
  check_error(ErrorKind::io, "none.json",
              [&] { (void)read_cell(folder / "none.json", settings(), "gru", 8, 1); });
}

TEST_CASE("cells: a file of another cell or of other settings is no result") {
  const Folder folder;
  const std::string path = folder / "cell.json";
  write_cell(path, settings(), result("gru", 1, 0.5));
  CHECK_FALSE(read_cell(path, settings(), "lstm", 8, 1).has_value());
  CHECK_FALSE(read_cell(path, settings(), "gru", 9, 1).has_value());
  CHECK_FALSE(read_cell(path, settings(), "gru", 8, 2).has_value());
  CellSettings other = settings();
  other.training.rate *= 2;
  CHECK_FALSE(read_cell(path, other, "gru", 8, 1).has_value());
}

TEST_CASE("cells: the name of a file is readable, and every setting changes it") {
  const std::string name = cell_file(settings(), "gru", 8, 3);
  CHECK(name.starts_with("recall-gru-n8-seed3-"));
  CHECK(name.ends_with(".json"));
  CHECK(name.size() == std::string("recall-gru-n8-seed3-.json").size() + 16);
  CHECK(name == cell_file(settings(), "gru", 8, 3));
  const std::vector<void (*)(CellSettings&)> kChanges = {
      [](CellSettings& s) { ++s.budget; },
      [](CellSettings& s) { ++s.training.layers; },
      [](CellSettings& s) { ++s.training.heads; },
      [](CellSettings& s) { ++s.training.ff; },
      [](CellSettings& s) { ++s.training.kernel; },
      [](CellSettings& s) { ++s.training.radius; },
      [](CellSettings& s) { ++s.training.steps; },
      [](CellSettings& s) { ++s.training.batch; },
      [](CellSettings& s) { ++s.training.warmup; },
      [](CellSettings& s) { ++s.training.dropout; },
      [](CellSettings& s) { ++s.training.rate; },
      [](CellSettings& s) { ++s.training.clip; },
      [](CellSettings& s) { s.training.smoothing = 0.1; },
      [](CellSettings& s) { s.training.optimizer = "sgd"; },
      [](CellSettings& s) { s.training.schedule = "constant"; },
      [](CellSettings& s) { s.training.read = "last"; },
      [](CellSettings& s) { s.training.read = "mean"; },
      [](CellSettings& s) { s.training.examples = 100; },
      [](CellSettings& s) { s.training.examples = 101; },
      [](CellSettings& s) { s.training.mask = "none"; },
      [](CellSettings& s) { s.training.patch = 4; }};
  std::set<std::string> names = {name};
  for (const auto& change : kChanges) {
    CellSettings other = settings();
    change(other);
    names.insert(cell_file(other, "gru", 8, 3));
  }
  CHECK(names.size() == kChanges.size() + 1);
}

TEST_CASE("cells: every model gets a width that comes near the budget") {
  CellSettings s = settings();
  s.budget = 20'000;
  const auto task = make_task("recall", 16);
  for (const std::string& model : sequence_kinds()) {
    INFO(model);
    Parameters parameters{Rng(0)};
    const SequenceSizes sizes = cell_sizes(s, *task, model);
    const double count = double(SequenceModel(sizes, parameters).parameter_count());
    CHECK(count == Approx(20'000).epsilon(0.05));
    CHECK(name_of(sizes.kind) == model);
    if (model == "attention") CHECK(sizes.width % sizes.heads == 0);
  }
  for (const auto& [name, models] : std::map<std::string, std::vector<std::string>>{
           {"pictures-near", {"cnn2d", "vit", "local", "conformer"}},
           {"phonemes", {"local", "conformer", "window"}},
           {"friends", {"graph-attention", "attention"}}}) {
    const auto other = make_task(name, usual_length(name));
    for (const std::string& model : models) {
      INFO(name, ", ", model);
      Parameters parameters{Rng(0)};
      const SequenceSizes sizes = cell_sizes(s, *other, model);
      CHECK(double(SequenceModel(sizes, parameters).parameter_count()) ==
            Approx(20'000).epsilon(0.05));
    }
  }
}

TEST_CASE("cells: a cell trains alike each time, reports its steps, and stops when asked") {
  CellSettings s{.task = "first", .budget = 300, .training = {}};
  s.training.steps = 40;
  s.training.layers = 1;
  s.training.batch = 4;
  Watcher watcher(false), impatient(true);
  auto once = run_cell(s, "rnn", 3, 5, &watcher), again = run_cell(s, "rnn", 3, 5, nullptr);
  REQUIRE(once.has_value());
  REQUIRE(again.has_value());
  CHECK(once->steps == 40);
  CHECK(once->seed == 5);
  CHECK(once->score.asked > 0);
  CHECK(once->train_seconds > 0);
  CHECK(watcher.last.starts_with("rnn n=3 seed 5: step 40/40  loss "));
  once->train_seconds = again->train_seconds = 0;
  CHECK(cell_json(s, *once) == cell_json(s, *again));
  CHECK_FALSE(run_cell(s, "rnn", 3, 5, &impatient).has_value());
}

TEST_CASE("report: who is clearly ahead is said, and who is behind") {
  const std::string text =
      report({result("gru", 1, 0.99), result("gru", 2, 0.98), result("gru", 3, 0.985),
              result("fc", 1, 0.5), result("fc", 2, 0.52), result("fc", 3, 0.51)});
  CHECK(contains(text, "n = 8: gru is ahead; behind: fc."));
  CHECK(contains(text, "accuracy: | model | n = 8"));
  // by hand: deviation 0.005, of the mean 0.00289, times 4.303
  CHECK(contains(text, "gru | 0.985 +-0.012 | "));
  CHECK(contains(text, "cost: | model | parameters"));
  CHECK(contains(text, "gru | 1987 | 0.25 | 340 | 1.5 | 4.412 | 8 | 3 | 1000 | "));
}

TEST_CASE("report: models whose intervals overlap cannot be told apart") {
  const std::string text = report({result("gru", 1, 0.9), result("gru", 2, 0.7),
                                   result("lstm", 1, 0.85), result("lstm", 2, 0.76)});
  CHECK(contains(text, "n = 8: lstm, gru cannot be told apart (their intervals overlap"));
  CHECK_FALSE(contains(text, "behind"));
}

TEST_CASE("report: one seed has the interval of a count, and never passes 1") {
  // Wilson by hand: 100 of 100 right gives 0.963 to 1
  CHECK(contains(report({result("gru", 1, 1, 100)}), "gru | 1.000 +-0.037 | "));
  CHECK(contains(report({result("gru", 1, 0, 100)}), "gru | 0.000 +-0.037 | "));
}

TEST_CASE("report: a net that cannot beat a score is never ahead of it, at any short length") {
  // Nets that see one step alone: what is most frequent in training for each input, and each answer
  // always. The test split is a small part of few sequences, so it favours some of them.
  for (const std::string& name : task_names()) {
    for (std::size_t n = shortest_length(name); n < shortest_length(name) + 2; ++n) {
      const auto task = make_task(name, n);
      if (task->regression || task->whole || task->features > 0) continue;
      std::map<real, std::vector<double>> counts;
      Rng rng(3);
      const auto each = [&](const TaskBatch& batch, const auto& see) {
        const Array &x = batch.inputs.value(), &y = batch.targets.value();
        for (std::size_t i = 0; i < y.size(); ++i) {
          if (y.data()[i] >= 0) see(x.data()[i], static_cast<std::size_t>(y.data()[i]));
        }
      };
      each(task->batch(rng, 4000, Split::train), [&](real input, std::size_t answer) {
        counts.try_emplace(input, task->classes, 0.0).first->second[answer] += 1;
      });
      const auto learnt = [&](real input) {
        const std::vector<double>& row = counts[input];
        return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
      };
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        double right = 0, asked = 0;
        std::vector<double> always(task->classes, 0);
        Rng tests = Rng(seed).stream("test");
        for (int b = 0; b < 16; ++b) {
          each(task->batch(tests, 64, Split::test), [&](real input, std::size_t answer) {
            right += learnt(input) == answer;
            ++always[answer];
            ++asked;
          });
        }
        const double effective = test_sequences(*task, {seed}).effective;
        INFO(name, " at ", n, ", seed ", seed, ": ", right / asked);
        CHECK(wilson(right / asked, effective).low <= task->alone_accuracy);
        // beside a net that reaches what is possible
        const double possible = wilson(task->alone_accuracy, effective).high;
        for (const double count : always) CHECK(wilson(count / asked, effective).low <= possible);
      }
    }
  }
}

TEST_CASE("report: test sequences are counted, and one that comes twice tells nothing new") {
  const TestSequences one = test_sequences(*make_task("brackets", 9), {1});
  CHECK(one.drawn == 1024);
  CHECK(one.different > 100);
  CHECK(one.different < 130);
  CHECK(one.effective < 50);
  const TestSequences three = test_sequences(*make_task("brackets", 9), {1, 2, 3});
  CHECK(three.drawn == 3072);
  CHECK(three.effective < 1.2 * one.effective);  // more seeds draw the same sequences again
  CHECK(test_sequences(*make_task("copy-memory", 4), {1}).effective == Approx(1024));
  CellResult cell = result("gru", 1, 0.6, 4096);
  cell.length = 9;
  CompareOptions o;
  o.task = "brackets";
  const std::string text = report({cell}, o);
  CHECK(contains(text, fmt::format("{} of 1024 at n = 9", one.different)));
  CHECK(contains(text, "gru | 0.600 +-0.1"));
}

TEST_CASE("report: where trainings are missing nothing is said of who is ahead") {
  const auto models = {"gru", "fc"};
  CompareOptions o;
  o.lengths = {8};
  o.seeds = 3;
  const Common common;
  Stage stage(common);
  report_comparison(stage, o, {models.begin(), models.end()},
                    {{{"gru", 8}, {result("gru", 1, 0.99), result("gru", 2, 0.99)}},
                     {{"fc", 8}, {result("fc", 1, 0.2), result("fc", 2, 0.2)}}});
  std::string text;
  for (const Item& item : stage.trace.items) {
    if (const auto* remark = std::get_if<Remark>(&item)) text += remark->text + "\n";
  }
  CHECK(contains(text, "n = 8: 2 of 6 trainings are missing, so nothing can be said."));
  CHECK_FALSE(contains(text, "ahead"));
}

TEST_CASE("means: Student's quantile is right for any number of seeds") {
  // Half of two values 0 and 1, and more of them: the quantile times the deviation of the mean.
  for (const auto& [n, quantile] : {std::pair{2, 12.706},
                                    {11, 2.228},
                                    {12, 2.201},
                                    {13, 2.179},
                                    {21, 2.086},
                                    {31, 2.042},
                                    {101, 1.984},
                                    {1001, 1.962}}) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i) values.push_back(i % 2);
    const double mean = double(n / 2) / n;
    const double deviation = std::sqrt(mean * (1 - mean) / (n - 1));
    INFO(n);
    CHECK(mean_of(values).half / deviation == Approx(quantile).epsilon(4e-4));
  }
}

TEST_CASE("report: of a regression the smaller loss is ahead") {
  CompareOptions o;
  o.task = "adding";
  CellResult good = result("gru", 1, std::nan("")), bad = result("fc", 1, std::nan(""));
  good.score.loss = 0.01;
  bad.score.loss = 0.2;
  const std::string text = report({bad, good}, o);
  CHECK(contains(text, "n = 8: gru is ahead; behind: fc."));
  CHECK(contains(text, "loss: | model"));
  CHECK(contains(text, "Published (Bai et al. 2018"));
  CHECK_FALSE(contains(text, "by_distance"));
}

TEST_CASE("report: a model that cannot see so far, and one that ran out of steps, are named") {
  CellResult near = result("window", 1, 0.5);
  near.sees_back = 2;
  near.longest_path = 0;
  near.score.by_distance = {{1, 10, 1.0}, {2, 30, 0.8}, {3, 20, 0.25}};
  near.steps = 5000;
  const std::string text = report({near, result("gru", 1, 0.9)});
  CHECK(contains(text, "window sees 2 steps back: accuracy 0.850 within, 0.250 beyond"));
  CHECK(contains(text, "At n = 8 these reached the limit of 5000 steps"));
  CHECK(contains(text, "what they could learn: window."));
  CHECK(contains(text, "| 8 | - | 2 | "));
  CHECK_FALSE(contains(text, "gru sees"));
}

TEST_CASE("report: cells that are not there yet are a dash") {
  CompareOptions o;
  o.lengths = {8};
  const Common common;
  Stage stage(common);
  report_comparison(stage, o, {"gru", "fc"}, {{{"gru", 8}, {result("gru", 1, 0.5)}}});
  const auto& table = std::get<Table>(stage.trace.items.at(0));
  REQUIRE(table.rows.size() == 2);
  CHECK(std::get<std::string>(table.rows[1][1]) == "-");
  CHECK(std::isnan(stage.trace.find("mean_accuracy")->values().data()[1]));
}
