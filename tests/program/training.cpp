// Trainings and comparisons: checkpoints, going on, damage, shards.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "attn/io/json.h"
#include "attn/train/trainer.h"
#include "program/process.h"

using namespace attn;
using namespace attn::test;

namespace {

SequenceSizes sizes(const Task& task, const std::string& kind, double dropout) {
  SequenceSizes z;
  z.kind = sequence_kind(kind);
  z.vocabulary = task.vocabulary;
  z.classes = task.classes;
  z.width = 16;
  z.ff = 32;
  z.heads = 2;
  z.length = task.steps;
  z.dropout = dropout;
  return z;
}

/// A training of its own, some steps far.
struct Training {
  explicit Training(const std::string& kind, std::uint64_t steps = 40, double dropout = 0.1)
      : task(make_task("copy", 4)), model(sizes(*task, kind, dropout), parameters) {
    options.steps = steps;
    options.batch = 8;
    options.check_every = 10;
    learner = std::make_unique<TaskLearner>(*task, model);
    trainer = std::make_unique<Trainer>(*learner, options);
  }
  void run_to(std::uint64_t step) {
    trainer->train([&](const TrainingStep& now) { return now.step < step; });
  }

  std::unique_ptr<Task> task;
  Parameters parameters{Rng(3)};
  SequenceModel model;
  TrainingOptions options;
  std::unique_ptr<TaskLearner> learner;
  std::unique_ptr<Trainer> trainer;
};

bool same_bits(const SequenceModel& a, const SequenceModel& b) {
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    const Array &x = a.parameters()[i].second.value(), &y = b.parameters()[i].second.value();
    if (!std::equal(x.begin(), x.end(), y.begin())) return false;
  }
  return true;
}

const Words kSmall = {"compare", "--task",  "first", "--models", "fc,rnn", "--lengths",
                      "3,4",     "--seeds", "2",     "--budget", "1500",   "--threads",
                      "1",       "--steps", "6",     "--batch",  "4"};

/// As it would stand without line ends.
std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

Words small(const Words& more) { return with(kSmall, more); }

}  // namespace

TEST_CASE("training: going on from a checkpoint gives the same bits as never having stopped") {
  for (const char* kind : {"attention", "lstm", "gru", "cnn"}) {
    INFO(kind);
    const Folder folder;
    const std::string file = folder / "half.safetensors";
    Training whole(kind), half(kind), rest(kind);
    whole.run_to(40);
    half.run_to(17);
    half.trainer->save(file);
    CHECK_FALSE(same_bits(whole.model, half.model));
    rest.trainer->load(file);
    CHECK(rest.trainer->step() == 17);
    CHECK(same_bits(rest.model, half.model));
    rest.run_to(40);
    CHECK(same_bits(whole.model, rest.model));
  }
}

TEST_CASE(
    "training: a damaged checkpoint, or one of another training, is refused and changes nothing") {
  const Folder folder;
  const std::string file = folder / "c.safetensors";
  Training saved("rnn");
  saved.run_to(5);
  saved.trainer->save(file);
  const std::string bytes = Folder::read(file);
  for (const std::size_t place : {std::size_t{3}, bytes.size() / 2, bytes.size() - 1}) {
    std::string flipped = bytes;
    flipped[place] = static_cast<char>(flipped[place] ^ 4);
    folder.write("c.safetensors", flipped);
    Training other("rnn");
    CHECK_THROWS_AS(other.trainer->load(file), Error);
    CHECK(other.trainer->step() == 0);
  }
  folder.write("c.safetensors", bytes.substr(0, bytes.size() - 7));
  CHECK_THROWS_AS(Training("rnn").trainer->load(file), Error);
  folder.write("c.safetensors", bytes);
  try {
    Training("gru").trainer->load(file);
    FAIL("a checkpoint of an rnn was taken for a gru's");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::bad_input);
    CHECK(contains(e.what(), "saved: model rnn"));
    CHECK(contains(e.what(), "here:  model gru"));
    CHECK_FALSE(contains(e.what(), "batch"));  // what is equal is not listed
  }
}

TEST_CASE("training: a learning rate that is far too high stops with the step and the place") {
  const auto r =
      expect({"train",      "copy",     "--length", "4",      "--dim",   "16",       "--optimizer",
              "sgd",        "--lr",     "1000",     "--clip", "0",       "--warmup", "0",
              "--schedule", "constant", "--model",  "cnn",    "--steps", "200"},
             1, "training broke down at step ");
  CHECK(contains(r.err, "is not finite"));
  CHECK(contains(r.err, "hint: "));
}

TEST_CASE("training: a checkpoint that is there is gone on from, or left alone") {
  const Folder folder;
  const std::string file = folder / "t.safetensors";
  const Words line = {"train",   "first", "--length", "4",   "--dim",        "8",
                      "--steps", "5",     "--model",  "rnn", "--checkpoint", file};
  expect(line, 0, "accuracy");
  expect(line, 2, "--resume");
  Words longer = line;
  longer[7] = "9";
  longer.push_back("--resume");
  expect(longer, 0, "accuracy");
  expect({"train", "first", "--resume"}, 2, "--checkpoint");
  expect({"train"}, 2, "the tasks: ");
  expect({"train", "revers"}, 2, "reverse");
  expect({"train", "copy", "--model", "attention", "--dim", "10", "--heads", "3"}, 2, "--heads");
}

TEST_CASE("training: attention learns to reverse") {
  const Trace trace =
      app::compute({"train", "reverse", "--length", "3", "--dim", "32", "--steps", "600"});
  for (const Item& item : trace.items) {
    const auto* table = std::get_if<Table>(&item);
    if (table && table->name == "result") CHECK(std::get<double>(table->rows[0][1]) > 0.95);
  }
}

TEST_CASE("training: one label for a sentence is read as asked, where the task has one") {
  const Words mood = {"train", "mood", "--dim", "8", "--heads", "2", "--steps", "9"};
  expect(mood, 0, "read by: mean");
  for (const char* read : {"last", "cls", "query"})
    expect(with(mood, {"--read", read}), 0, std::string("read by: ") + read);
  const auto r = expect(mood, 0, "Of sentences that it had never seen attention gets ");
  CHECK(contains(on_one_line(r.out), "a guess gets 50 %"));
  CHECK_FALSE(contains(r.out, "by_distance"));
  expect(with(mood, {"--read", "cls", "--model", "lstm"}), 2, "cannot be read by cls");
  expect({"train", "copy", "--read", "mean"}, 2, "--read means nothing to copy");
  expect({"train", "translate", "--read", "mean"}, 2, "--read means nothing to translate");
  expect({"compare", "--task", "copy", "--read", "mean"}, 2, "--read means nothing to copy");
}

TEST_CASE("training: a small pool of examples is learnt by heart, and the result says so") {
  const Words line = {"train", "recall",     "--length", "8",       "--dim",
                      "32",    "--examples", "12",       "--steps", "600"};
  const Trace trace = app::compute(line);
  double own = 0, fresh = 1;
  for (const Item& item : trace.items) {
    const auto* table = std::get_if<Table>(&item);
    if (!table || table->name != "result") continue;
    fresh = std::get<double>(table->rows[0][1]);
    CHECK(std::get<std::string>(table->rows[1][0]) == "accuracy on its examples");
    own = std::get<double>(table->rows[1][1]);
  }
  CHECK(own > 0.99);
  CHECK(fresh < 0.7);
  const auto r = expect(line, 0);
  CHECK(contains(on_one_line(r.out), "Of the 12 examples it learnt from it gets"));
  CHECK(contains(r.out, "heart"));
  expect({"train", "translate", "--examples", "9"}, 2, "--examples means nothing to translate");
}

TEST_CASE("compare: a list of numbers of examples makes the columns") {
  const Folder folder;
  const Words line = {"compare",   "--task",      "first",      "--models", "fc,rnn",
                      "--lengths", "4",           "--seeds",    "1",        "--budget",
                      "1500",      "--steps",     "6",          "--batch",  "4",
                      "--cache",   folder.path(), "--examples", "20,7"};
  const auto shown = expect(line, 0, "training");
  for (const char* part : {"20 examples", "7 examples", "at its own examples", "  N "}) {
    INFO(part);
    CHECK(contains(shown.out, part));
  }
  const nlohmann::json document = parse_json(expect(with(line, {"--json"}), 0).out, "compare");
  REQUIRE(document["results"].size() == 4);
  std::multiset<int> pools;
  for (const auto& cell : document["results"]) {
    pools.insert(cell["examples"].get<int>());
    CHECK(cell["train_accuracy"].is_number());
    CHECK(contains(cell["settings"].get<std::string>(), " examples "));
  }
  CHECK(pools == std::multiset<int>{7, 7, 20, 20});
  Words both = line;
  both[6] = "4,5";
  expect(both, 2, "--lengths and --examples are both lists");
  Words twice = line;
  twice.back() = "7,7";
  expect(twice, 2, "--examples names a number twice");
  // Without a pool nothing of it is said.
  Words endless(line.begin(), line.end() - 2);
  const auto usual = parse_json(expect(with(endless, {"--json"}), 0).out, "compare");
  CHECK_FALSE(usual["results"][0].contains("examples"));
  CHECK_FALSE(contains(usual["results"][0]["settings"].get<std::string>(), "examples"));
}

TEST_CASE("training: every task beyond words is learnt by every model that can read it") {
  const std::vector<std::pair<std::string, Words>> kSmallest = {
      {"pictures-near", {"--length", "9"}},
      {"pictures-far", {"--length", "12"}},
      {"pictures-both", {"--length", "12"}},
      {"phonemes", {"--length", "6"}},
      {"speaker", {"--length", "6"}},
      {"friends", {}},
      {"ring", {}},
      {"molecule", {}}};
  for (const auto& [task, more] : kSmallest) {
    for (const char* model :
         {"fc", "lstm", "attention", "local", "cnn2d", "vit", "graph-attention", "conformer"}) {
      INFO(task, ", ", model);
      const Words line = with(
          {"train", task, "--model", model, "--dim", "8", "--steps", "2", "--batch", "2"}, more);
      const bool picture = task.starts_with("pictures"),
                 of_pictures = model[0] == 'v' || std::string(model) == "cnn2d";
      const bool graph = task == "friends" || task == "ring" || task == "molecule";
      if (of_pictures && !picture) {
        expect(line, 2, "reads pictures, and " + task + " has none");
      } else if (std::string(model) == "graph-attention" && !graph) {
        expect(line, 2, "looks along edges, and " + task + " has none");
      } else {
        const auto r = expect(line, 0, "that it had never seen");
        CHECK_FALSE(contains(r.out, "by_distance"));
        if (graph)
          CHECK(contains(on_one_line(r.out), "It sees the nodes alone") ==
                (std::string(model) == "fc" || std::string(model) == "lstm"));
      }
    }
  }
  expect({"train", "pictures-near", "--model", "vit", "--length", "10"}, 2, "patches of 3 x 3");
  expect({"train", "pictures-near", "--model", "vit", "--length", "10", "--patch", "5", "--steps",
          "2", "--dim", "8"},
         0, "pictures");
  CHECK(contains(
      on_one_line(
          expect({"train", "friends", "--mask", "none", "--steps", "2", "--dim", "8"}, 0).out),
      "It sees the nodes alone"));
  expect({"train", "copy", "--mask", "none"}, 2, "--mask means nothing to copy");
  expect({"train", "copy", "--patch", "2"}, 2, "--patch means nothing to copy");
}

TEST_CASE("compare: a task has the length that is usual for it, and only models that can read it") {
  const Folder folder;
  const Words line = {"compare", "--task",  "friends",    "--models", "fc,graph-attention",
                      "--seeds", "1",       "--budget",   "1500",     "--steps",
                      "3",       "--cache", folder.path()};
  const auto r = expect(line, 0, "n = 12");
  CHECK_FALSE(contains(r.out, "by_distance"));
  CHECK_FALSE(contains(r.out, "sees back"));
  expect({"compare", "--task", "recall", "--models", "vit"}, 2, "vit reads pictures");
}

TEST_CASE("compare: the document has the contract's keys, and a second run takes the kept cells") {
  const Folder folder;
  const auto first = expect(small({"--cache", folder.path(), "--json"}), 0);
  const nlohmann::json document = parse_json(first.out, "compare");
  CHECK(document["format"] == 1);
  CHECK(document["task"] == "first");
  CHECK(document["budget_parameters"] == 1500);
  REQUIRE(document["results"].size() == 8);
  for (const auto& cell : document["results"]) {
    for (const char* key : {"model", "length", "seed", "parameters", "steps", "train_seconds",
                            "accuracy", "loss", "by_distance"}) {
      CHECK(cell.contains(key));
    }
  }
  CHECK(expect(small({"--cache", folder.path(), "--json"}), 0).out ==
        first.out);  // also the seconds
}

TEST_CASE("compare: a damaged cell is kept aside and trained again") {
  const Folder folder;
  expect(small({"--cache", folder.path()}), 0);
  std::string cell;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) cell = entry.path();
  const std::string bytes = Folder::read(cell), name = std::filesystem::path(cell).filename();
  std::string changed = bytes;
  const std::size_t digit = changed.find("\"loss\":") + 7;
  changed[digit] = changed[digit] == '9' ? '8' : '9';
  for (const std::string& damaged : {changed, std::string(), bytes.substr(0, bytes.size() / 2)}) {
    folder.write(name, damaged);
    expect(small({"--cache", folder.path()}), 0, "damaged");
    CHECK(Folder::read(cell + ".damaged") == damaged);
    CHECK(contains(Folder::read(cell), "\"checksum\""));
  }
}

TEST_CASE("compare: shards join to the whole, and a missing part is told") {
  const Folder one, two, none;
  expect(small({"--cache", one.path(), "--shard", "1/2"}), 0, "4 of 8 cells are not there yet");
  expect(small({"--cache", none.path(), "--merge", one.path()}), 1,
         "4 of 8 cells are not there yet");
  expect(small({"--cache", two.path(), "--shard", "2/2"}), 0);
  const auto r = expect(
      small({"--cache", none.path(), "--merge", one.path(), "--merge", two.path(), "--json"}), 0);
  CHECK(parse_json(r.out, "merge")["results"].size() == 8);
  expect(small({"--cache", none.path(), "--merge", none / "nowhere"}), 4, "no such folder");
  expect(small({"--cache", none.path(), "--shard", "3/2"}), 2, "1 to 2");
  expect({"compare", "--models", "rnn,lstmm"}, 2, "did you mean lstm?");
}

TEST_CASE("compare: trainings that need too much memory are refused before they begin") {
  const Folder folder;
  expect({"compare", "--batch", "65536", "--seeds", "1", "--steps", "2", "--cache", folder / "c"},
         5, "training on 65536 sequences");
}
