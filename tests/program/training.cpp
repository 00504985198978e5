// Trainings and comparisons: checkpoints, going on, damage, shards.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

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
