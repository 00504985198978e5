// bert finetune as a process: curves with and without pre-training, frozen blocks, bad input.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

/// A small pre-trained model that all cases read.
const std::string& model() {
  static const Folder folder;
  static const std::string path = [] {
    const std::string to = folder / "model";
    expect({"bert", "pretrain", "--dim", "16", "--layers", "2", "--heads", "2", "--steps", "150",
            "--lr", "0.005", "--warmup", "20", "--save", to, "--threads", "1"},
           0);
    return to;
  }();
  return path;
}

Words finetune(const Words& more) {
  return with({"bert", "finetune", "--checkpoint", model(), "--tested", "100"}, more);
}

const json& table_of(const json& document) {
  for (const json& table : document["tables"]) {
    if (table["name"] == "accuracy") return table;
  }
  FAIL("no table of accuracies");
  return document;
}

}  // namespace

TEST_CASE("bert finetune: an interrupted comparison says what was done and claims nothing") {
  for (const bool frozen : {false, true}) {
    Words line = finetune({"--task", "tags", "--examples", "4", "--seeds", "1000", "--steps", "5"});
    if (frozen) line.emplace_back("--frozen");
    Running training(Launch{.arguments = line, .seconds = 60});
    REQUIRE(training.wait_until([&] { return training.hears(SIGINT); }));
    std::this_thread::sleep_for(std::chrono::seconds(2));
    training.send(SIGINT);
    const Result r = training.finish();
    INFO(r.describe());
    CHECK(r.exit_code == 130);
    CHECK(contains(r.out, "Interrupted: "));
    CHECK(contains(r.out, " of 1000)"));
    CHECK(contains(r.out, "these figures support no verdict"));
    for (const char* claim : {"+-0", "wins", "loses", "told apart", "serves best"})
      CHECK_FALSE(contains(r.out, claim));
  }
}

TEST_CASE("bert finetune: every task shows examples, a ceiling, a curve and what it supports") {
  for (const std::string task : {"sentence", "pair", "tags", "span", "choice"}) {
    INFO(task);
    const Result r =
        expect(finetune({"--task", task, "--examples", "4,8", "--seeds", "2", "--steps", "5"}), 0,
               "The best possible is ");
    CHECK(contains(r.out, "from scratch"));
    CHECK(contains(r.out, "A pre-trained   B from scratch"));
    CHECK(contains(r.out, "What these figures support: With 4 examples"));
    for (const std::string& line : lines(r.out)) CHECK(line.size() <= 90);  // a passage is longer
  }
}

TEST_CASE("bert finetune: the same command gives the same digits, on one processor and on two") {
  const Words command =
      finetune({"--task", "tags", "--examples", "8,16", "--seeds", "2", "--steps", "40"});
  const json one = trace_of(with(command, {"--threads", "1"}));
  const json two = trace_of(with(command, {"--threads", "2"}));
  CHECK(table_of(one) == table_of(two));
  CHECK(table_of(one)["rows"].size() == 2);
}

TEST_CASE("bert finetune: tags are learnt far beyond what reading nothing gives") {
  const json document = trace_of(finetune(
      {"--task", "tags", "--examples", "256", "--seeds", "1", "--steps", "150", "--lr", "0.005"}));
  const std::string reached = table_of(document)["rows"][0][1];
  CHECK(std::stod(reached) > 0.6);  // 0.25 without reading
}

TEST_CASE("bert finetune: --frozen shows each block's output, and the whole model beside it") {
  const json document = trace_of(finetune(
      {"--task", "tags", "--frozen", "--examples", "8,32", "--seeds", "1", "--steps", "40"}));
  const json& rows = table_of(document)["rows"];
  REQUIRE(rows.size() == 4);  // 0, 1, 2 blocks, and all learn
  CHECK(rows[0][0] == "0");
  CHECK(rows[3][0] == "all learn");
  // Of a sentence the embedding of [CLS] knows nothing: the same for every text.
  const json blind = trace_of(finetune(
      {"--task", "sentence", "--frozen", "--examples", "8", "--seeds", "1", "--steps", "40"}));
  CHECK(std::stod(table_of(blind)["rows"][0][1].get<std::string>()) < 0.2);
}

TEST_CASE("bert finetune: bad input is named") {
  expect(finetune({"--task", "nothing"}), 2, "nothing");
  expect(finetune({"--examples", "0"}), 2, "--examples");
  expect(finetune({"--cased", "--uncased"}), 2, "choose one of them");
  expect(finetune({"--examples", "8,x"}), 2, "--examples");
  expect({"bert", "finetune", "--checkpoint", "/no/such/folder"}, 4, "/no/such/folder");
  expect({"bert", "finetune", "--task", "span", "--seeds", "1", "--examples", "4", "--checkpoint",
          std::string(ATTN_REFERENCE_DIR) + "/bert/pretraining"},
         2, "the model knows 16 positions");
}
