// bert pretrain as a process: what it learns from, shows and writes, and how it goes on.
#include <doctest/doctest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "attn/io/safetensors.h"
#include "attn/nn/bert_checkpoint.h"
#include "attn/text/utf8.h"
#include "program/pretraining.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// Rows of the table of results, by the name of the measure.
json results(const json& document) {
  json rows;
  for (const json& t : document["tables"]) {
    if (t["name"] != "result") continue;
    for (const json& row : t["rows"]) rows[row[0].get<std::string>()] = row;
  }
  return rows;
}

bool same_file(const std::string& a, const std::string& b) {
  const std::string bytes = Folder::read(a);
  return !bytes.empty() && bytes == Folder::read(b);
}

}  // namespace

TEST_CASE("bert pretrain: from stories, and what it saves is read with the same weights") {
  const Folder folder;
  const std::string checkpoint = folder / "c.safetensors", saved = folder / "new/model";
  const json document = trace_of(pretrain(
      "stories", {"--steps", "5", "--checkpoint", checkpoint, "--save", saved, "--ff", "12"}));
  const json rows = results(document);
  REQUIRE(rows.size() == 4);
  CHECK(rows["next sentence: loss"][3].get<double>() == doctest::Approx(std::log(2.0)));
  CHECK(rows["next sentence: right"][2].get<double>() > 0.97);
  for (const char* loss : {"hidden words: loss", "next sentence: loss"}) {
    CHECK(rows[loss][2].get<double>() < rows[loss][1].get<double>());
    CHECK(rows[loss][2].get<double>() < rows[loss][3].get<double>());
  }
  const BertCheckpoint bert = load_bert(saved);
  CHECK(bert.rules == WordRules(true));
  CHECK(bert.vocabulary.find("gardener").has_value());
  CHECK(bert.model.sizes().positions == 64);
  CHECK(bert.model.sizes().ff == 12);
  std::map<std::string, Array> trained;
  for (const NamedArray& tensor : read_safetensors(checkpoint).tensors)
    trained[tensor.name] = tensor.values;
  for (const auto& parameter : bert.model.parameters()) {
    INFO(parameter.first);
    REQUIRE(trained.count(parameter.first) == 1);
    CHECK(largest_difference(parameter.second.value(), trained[parameter.first]) == 0);
  }
  expect({"bert", "fill", "today the gardener will [MASK] her rose", "--checkpoint", saved}, 0,
         "today the gardener will [MASK] her rose");
  const json seen = trace_of({"bert", "inputs", "the gardener", "--checkpoint", saved});
  for (const json& step : seen["steps"]) {
    if (step["path"] == "token_embedding")
      CHECK(step["values"][1][2].get<float>() == trained["token_embedding"](1, 2));
  }
  expect({"bert", "nsp", "--checkpoint", saved}, 0, "that B follows A.");
  // What the commands read without a text is made of words of the stories.
  for (const char* command : {"fill", "attend", "mlm", "mask"}) {
    const json example = trace_of({"bert", command, "--seed", "3", "--checkpoint", saved});
    const auto unknown = double(*bert.vocabulary.find("[UNK]"));
    for (const json& step : example["steps"]) {
      if (step["path"] != "ids") continue;
      for (const json& id : step["values"]) CHECK(id.get<double>() != unknown);
    }
  }
}

TEST_CASE("bert pretrain: from topics of one's own, by one loss or by both") {
  const Folder folder;
  const std::string topics = folder.write("animals.topics", kTopics);
  const auto learnt = [&](const Words& more) {
    return trace_of(pretrain(
        topics, with({"--steps", "300", "--lr", "0.01", "--warmup", "20", "--batch", "16"}, more)));
  };
  const json words = learnt({"--loss", "mlm"});
  json rows = results(words);
  CHECK(rows.size() == 2);
  CHECK(rows["hidden words: loss"][1].get<double>() <
        0.7 * rows["hidden words: loss"][3].get<double>());
  CHECK(rows["hidden words: right"][1].get<double>() >
        rows["hidden words: right"][3].get<double>() + 0.2);
  rows = results(learnt({"--loss", "nsp", "--masking", "static"}));
  CHECK(rows.size() == 2);
  CHECK(rows["next sentence: loss"][1].get<double>() < 0.75);  // it takes longer than hidden words
  CHECK(rows["next sentence: loss"][2].get<double>() < 0.5);
}

TEST_CASE("bert pretrain: from a text, with a vocabulary learnt from it or a given one") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text());
  const json document = trace_of(pretrain(text, {"--steps", "2", "--save", folder / "learnt"}));
  CHECK(results(document)["hidden words: loss"][2] == "unknown");
  const BertCheckpoint learnt = load_bert(folder / "learnt");
  CHECK(encode_pieces(learnt.vocabulary, "Dogs", true)[0] != learnt.vocabulary.unknown());
  const std::string given =
      folder.write("v.txt", "[PAD]\r\nthe\r\ndog\r\n##s\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\n");
  expect(pretrain(text, {"--steps", "2", "--vocab", given, "--save", folder / "given"}), 0,
         "8 pieces in the vocabulary");
  const BertCheckpoint bert = load_bert(folder / "given");
  CHECK(bert.vocabulary.pieces() ==
        Words{"[PAD]", "the", "dog", "##s", "[UNK]", "[CLS]", "[SEP]", "[MASK]"});
  CHECK(bert.model.sizes().vocabulary == 8);
}

TEST_CASE("bert pretrain: the same seed gives the same bytes, another seed others") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text());
  const auto weights = [&](const std::string& name, const Words& more) {
    expect(pretrain(text, with({"--steps", "10", "--save", folder / name}, more)), 0);
    return Folder::read(folder / name + "/model.safetensors");
  };
  const std::string one = weights("a", {});
  CHECK(weights("b", {}) == one);
  CHECK(weights("c", {"--seed", "2"}) != one);
  CHECK(same_file(folder / "a/vocab.txt", folder / "b/vocab.txt"));
}

TEST_CASE("bert pretrain: stopped by Ctrl-C and gone on with gives the bits of never stopping") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text()), file = folder / "c.safetensors";
  const Words line = pretrain(
      text, {"--steps", "1500", "--masking", "static", "--accumulate", "2", "--dropout", "0.1"});
  expect(with(line, {"--save", folder / "whole"}), 0);
  const Words kept = with(line, {"--checkpoint", file, "--save", folder / "parts"});
  Running training(Launch{.arguments = kept, .seconds = 60});
  REQUIRE(training.wait_until([&] { return fs::exists(file); }));  // at step 500
  training.send(SIGINT);
  const Result r = training.finish();
  INFO(r.describe());
  CHECK(r.exit_code == 130);
  CHECK(contains(r.err, "hint: saved in " + file + " at step "));
  CHECK(contains(r.err, "--resume"));
  CHECK(contains(r.out, "Interrupted at step"));
  CHECK_FALSE(fs::exists(folder / "parts/model.safetensors"));
  CHECK_FALSE(fs::exists(file + ".lock"));
  expect(kept, 2, "is there already");
  expect(with(kept, {"--resume"}), 0, "Saved in");
  CHECK(same_file(folder / "whole/model.safetensors", folder / "parts/model.safetensors"));
}

TEST_CASE("bert pretrain: a checkpoint of another corpus or masking is refused") {
  const Folder folder;
  const std::string text = folder.write("text.txt", small_text()), file = folder / "c.safetensors";
  const Words kept = {"--steps", "3", "--checkpoint", file};
  expect(pretrain(text, kept), 0);
  const std::string bytes = Folder::read(file);
  const auto refused = [&](const std::string& corpus, const Words& more,
                           const std::string& difference) {
    const Result r =
        expect(pretrain(corpus, with(kept, with({"--resume"}, more))), 3, "is of another training");
    INFO(r.describe());
    CHECK(contains(r.err, difference));
    CHECK(contains(r.err, "hint: give the options with which it began"));
    CHECK(Folder::read(file) == bytes);
  };
  refused(text, {"--masking", "static", "--accumulate", "2"},
          "saved: masks dynamic\n  here:  masks static\n  saved: batch 4\n  here:  batch 4 x 2");
  std::string changed = small_text();
  changed.replace(changed.find("dogs"), 4, "cats");
  refused(folder.write("other.txt", changed), {}, "saved: pre-training on 100000 pairs (");
  expect({"train", "copy", "--checkpoint", file, "--resume"}, 3, "saved: pre-training on 100000");
}

TEST_CASE("bert pretrain: at 40 columns, and in linear text, lines fit") {
  const Folder folder;
  folder.write("text.txt", small_text());
  const auto check = [](const Result& r, std::size_t width) {
    CHECK(r.exit_code == 0);
    for (const std::string& line : lines(r.out)) {
      CAPTURE(line);
      CHECK(display_width(line) <= width);
    }
  };
  const Words line = {"bert", "pretrain", "text.txt", "--dim",   "8", "--heads",
                      "2",    "--layers", "1",        "--steps", "2"};
  check(run(Launch{.arguments = line, .environment = {{"COLUMNS", "40"}}, .folder = folder.path()}),
        40);
  check(run(Launch{.arguments = with(line, {"--plain"}), .folder = folder.path()}), 80);
}
