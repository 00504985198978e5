// attn seq2seq: the steps of the contract, what it claims about itself, and what it refuses.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>

#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "program/process.h"
#include "program/traces.h"

using namespace attn;
using namespace attn::test;

namespace {

const std::map<std::string, std::size_t> kGates = {{"rnn", 1}, {"lstm", 4}, {"gru", 3}};
const Words kVariants = {"context", "init", "both", "attention"};

Trace seq2seq(const Words& options) { return holding(with({"seq2seq"}, options)); }

std::string said(const Trace& trace) {
  std::string out;
  for (const Item& item : trace.items) {
    if (const auto* remark = std::get_if<Remark>(&item)) out += remark->text + "\n";
  }
  return out;
}

const Table& written(const Trace& trace) {
  for (const Item& item : trace.items) {
    if (const auto* table = std::get_if<Table>(&item)) return *table;
  }
  FAIL("no table");
  throw Error(ErrorKind::internal, "unreachable");
}

}  // namespace

TEST_CASE("seq2seq: the steps of the contract, for every variant, cell and direction") {
  const std::size_t s = 4, t = 3, d = 5, v = 4;
  for (const auto& [cell, g] : kGates) {
    for (const std::string& variant : kVariants) {
      for (const bool both : {false, true}) {
        const std::size_t e = both ? 6 : 3, h = 2;
        Words options{"I saw a saw",
                      "--target",
                      "ich sah",
                      "--cell",
                      cell,
                      "--dim",
                      "5",
                      "--hidden",
                      "3",
                      "--variant",
                      variant,
                      "--decoder-hidden",
                      "2"};
        if (both) options.emplace_back("--bidirectional");
        const Trace trace = seq2seq(options);
        has_shape(trace, "source_ids", {s});
        has_shape(trace, "target_ids", {t});
        has_shape(trace, "source_embedding", {3, d});
        has_shape(trace, "target_embedding", {v, d});
        has_shape(trace, "encoder.x", {s, d});
        for (const std::string& at :
             both ? Words{"encoder.forward.", "encoder.backward."} : Words{"encoder."}) {
          has_shape(trace, at + "w_x", {d, g * 3});
          has_shape(trace, at + "gates", {s, g * 3});
          CHECK((trace.find(at + "cell") != nullptr) == (cell == "lstm"));
        }
        has_shape(trace, "encoder.hidden", {s, e});
        has_shape(trace, "encoder.last", {1, e});
        const bool starts = variant != "context", attends = variant == "attention";
        CHECK((trace.find("decoder.initial") != nullptr) == starts);
        CHECK((trace.find("bridge.w") != nullptr) == starts);
        CHECK((trace.find("bridge.cell_w") != nullptr) == (starts && cell == "lstm"));
        CHECK((trace.find("decoder.x") != nullptr) == (variant == "context" || variant == "both"));
        has_shape(trace, "decoder.words", {t, d});
        has_shape(trace, "decoder.gates", {t, g * h});
        has_shape(trace, "decoder.hidden", {t, h});
        CHECK((trace.find("context") != nullptr) == (variant != "init"));
        if (attends) {
          has_shape(trace, "attention.general.w", {h, e});
          has_shape(trace, "weights", {t, s});
          has_shape(trace, "context", {t, e});
          has_shape(trace, "attentional", {t, h});
          CHECK(largest_difference(step(trace, "alignment").values(),
                                   step(trace, "weights").values()) == 0);
        }
        has_shape(trace, "logits", {t, v});
        has_shape(trace, "probabilities", {t, v});
      }
    }
  }
}

TEST_CASE("seq2seq: what it claims holds for every variant, cell, style, text and seed") {
  const std::vector<Words> texts = {{"so", "--target", "so"},
                                    {"to be or not to be that is the question"},
                                    {"the cat", "--target", "die katze , die schläft und schläft"}};
  for (const auto& [cell, g] : kGates) {
    for (const Words& text : texts) {
      for (const char* seed : {"1", "2"}) {
        const Words common = with(text, {"--cell", cell, "--seed", seed, "--hidden", "3"});
        for (const std::string& variant : kVariants) {
          seq2seq(with(common, {"--variant", variant}));
          seq2seq(with(common, {"--variant", variant, "--bidirectional", "--dim", "1"}));
        }
        for (const char* score :
             {"dot", "scaled", "general", "lowrank", "additive", "concat", "cosine"}) {
          for (const char* style : {"luong", "bahdanau"})
            seq2seq(with(common, {"--score", score, "--style", style, "--bidirectional"}));
        }
        for (const char* window : {"1", "3", "100"}) seq2seq(with(common, {"--local", window}));
      }
    }
  }
}

TEST_CASE("seq2seq: <start> is read first, <end> written last, and both are labelled") {
  const Words words = {"le", "chat"};
  for (const char* target : {"le chat", "<start> le chat", "<start>le chat <end>", "Le  CHAT"}) {
    const Trace trace = seq2seq({"the cat", "--target", target});
    CHECK(trace.labels.at("target") == Words{"<start>", "le", "chat"});
    CHECK(trace.labels.at("written") == Words{"le", "chat", "<end>"});
    CHECK(trace.labels.at("word") == Words{"<start>", "<end>", "le", "chat"});
    CHECK(trace.labels.at("source") == Words{"the", "cat"});
    CHECK(step(trace, "alignment").axes == Words{"written", "source"});
    const Table& table = written(trace);
    REQUIRE(table.rows.size() == 3);
    CHECK(std::get<std::string>(table.rows[2][1]) == "chat");
    CHECK(std::get<std::string>(table.rows[2][6]) == "<end>");
  }
  // A word has the same vector in every sentence of the same seed.
  const auto vector = [](const Trace& trace, std::size_t i) {
    const Array& x = step(trace, "encoder.x").values();
    return std::vector<real>(x.data() + i * columns(x), x.data() + (i + 1) * columns(x));
  };
  CHECK(vector(seq2seq({"the cat"}), 1) == vector(seq2seq({"a black cat"}), 2));
}

TEST_CASE("seq2seq: says how many numbers carry the sentence") {
  const auto says = [](const Words& options, const char* part) {
    const std::string text = said(seq2seq(options));
    INFO(text);
    CHECK(test::contains(text, part));
  };
  says({"--variant", "context"}, "4 numbers carry the whole sentence: 4 words here");
  says({"--variant", "init", "--hidden", "7"}, "7 numbers carry the whole sentence");
  says({"--variant", "both", "--cell", "lstm", "--bidirectional"},
       "16 numbers (the state and the lstm's cell) carry the whole sentence");
  says({"a b c", "--hidden", "5"}, "looks at all 3 encoder states: 3 x 5 = 15 numbers");
}

TEST_CASE("seq2seq: every number can be asked why") {
  const auto explained = [](const std::string& place, const Words& options, const char* part) {
    const Trace trace = holding(with({"why", place, "seq2seq"}, options));
    const std::string text = said(trace);
    INFO(text);
    CHECK(test::contains(text, part));
  };
  explained("context[1,0]", {}, "weights[1,0] * encoder.hidden[0,0]");
  explained("context[1,0]", {"--variant", "both"}, "1 * ");
  explained("decoder.gates[0,1]", {}, "the state given to start from");
  explained("decoder.gates[0,1]", {"--variant", "context"}, "no step before it");
  explained("attentional[2,1]", {}, "tanh(");
  explained("weights[1,0]", {"--local", "1"}, "aligned[1,0] * exp((0 - (0 - place[1,0])^2)");
  explained("place[1,0]", {"--local", "1", "--depth", "3"}, "sigmoid(");
  explained("decoder.x[2,1]", {"--style", "bahdanau"}, "computed in step 2");
  explained("scores[3,1]", {"--style", "bahdanau"}, "computed in step 3");
  explained("scores[3,1]", {"--style", "bahdanau", "--depth", "3"}, "attention.general.w");
  explained("encoder.last[0,1]", {}, "[");
}

TEST_CASE("seq2seq: operations stand at the step that they make") {
  const auto operations = [](const Trace& trace, const char* path) {
    return step(trace, path).flops;
  };
  const double s = 4, t = 5, d = 8, e = 6, h = 6;
  for (const Words& style : {Words{"--style", "luong"}, Words{"--style", "bahdanau"}}) {
    const Trace trace =
        seq2seq(with({"--hidden", "6", "--dim", "8", "--score", "dot", "--cell", "rnn",
                      "the black cat sleeps", "--target", "le chat noir dort"},
                     style));
    const double read = style[1] == "luong" ? d : d + e;  // what a step of the decoder reads
    CHECK(operations(trace, "scores") == 2 * t * s * h);
    CHECK(operations(trace, "weights") == 4 * t * s);
    CHECK(operations(trace, "context") == 2 * t * s * e);
    CHECK(operations(trace, "decoder.gates") == 2 * t * h * (read + h) + t * h);
    CHECK(operations(trace, "decoder.hidden") == 0);
    CHECK(operations(trace, "attentional") == 2 * t * (e + h) * h + t * h);
  }
  const Trace local = seq2seq({"--hidden", "6", "--score", "dot", "--local", "1",
                               "the black cat sleeps", "--target", "le chat noir dort"});
  CHECK(operations(local, "place") == t * (2 * h * h + h + 2 * h + 4 + 1));
  CHECK(operations(local, "scores") == 2 * t * s * h);
  CHECK(operations(local, "aligned") == 4 * t * s);
  CHECK(operations(local, "context") == 2 * t * s * e);
}

TEST_CASE("seq2seq: bad options end with 2 and say what would do") {
  for (const char* variant : {"context", "init", "both"}) {
    const Words command = {"seq2seq", "--variant", variant};
    const auto refused = [&](const char* option, const char* value) {
      expect(with(command, {option, value}), 2,
             fmt::format("{} goes with --variant attention, here it is {}", option, variant));
    };
    refused("--score", "dot");
    refused("--style", "luong");
    refused("--local", "2");
  }
  for (const char* score : {"dot", "scaled", "cosine"}) {
    expect({"seq2seq", "--score", score, "--decoder-hidden", "5"}, 2,
           fmt::format("the score {} needs states of one width: the encoder's have 4 numbers, the "
                       "decoder's 5",
                       score));
    expect({"seq2seq", "--score", score, "--bidirectional", "--decoder-hidden", "4"}, 2,
           "a decoder of width 8");
    expect({"seq2seq", "--score", score, "--bidirectional"}, 0);
  }
  expect({"seq2seq", "--style", "bahdanau", "--local", "1"}, 2, "belongs to the style luong");
  expect({"seq2seq", "--target", ""}, 2, "--target needs a value");
  expect({"seq2seq", "--target", "<start>"}, 2, "the target has no words");
  expect({"seq2seq", "--target", " \t"}, 2, "the target has no words");
  expect({"seq2seq", "--target", "\xff"}, 2, "not UTF-8");
  expect({"seq2seq", "--variant", "atention"}, 2, "attention");
  expect({"seq2seq", "--score", "bilinear"}, 2, "general");
  expect({"seq2seq", "--style", "loung"}, 2, "luong");
  expect({"seq2seq", "--local", "-1"}, 2, "out of range");
  expect({"seq2seq", "--hidden", "0"}, 2, "out of range");
  expect({"seq2seq", "--decoder-hidden", "1e3"}, 2, "whole number");
  expect({"seq2seq", "--position", "sinusoidal"}, 2, "needs no positions");
  expect({"seq2seq", "--input", "x.npy"}, 2, "reads a text");
  expect({"rnn", "--variant", "both"}, 2, "seq2seq");
}

TEST_CASE("seq2seq: what would be too much ends with 5, at once; long sentences do not") {
  std::string text = "a";
  for (int i = 0; i < 2000; ++i) text += " b";
  expect({"seq2seq", "--hidden", "100000"}, 5, "limit");
  expect({"seq2seq", "--decoder-hidden", "100000"}, 5, "limit");
  expect({"seq2seq", text, "--dim", "4"}, 0);
  expect({"seq2seq", "--target", text, "--dim", "4", "--style", "bahdanau"}, 0);
}

TEST_CASE("seq2seq: parameters from a file give the same numbers again; others are refused") {
  const test::Folder folder;
  for (const Words& options : std::vector<Words>{{"--variant", "both", "--cell", "lstm"},
                                                 {"--local", "2", "--bidirectional"},
                                                 {"--style", "bahdanau", "--score", "additive"}}) {
    const std::string weights = folder / (options.back() + ".safetensors");
    const Words line = with({"seq2seq", "--seed", "7"}, options);
    expect(with(line, {"--save-weights", weights}), 0);
    const Trace random = holding(line);
    const Trace read = holding(with(with({"seq2seq"}, options), {"--weights", weights}));
    REQUIRE(random.steps().size() == read.steps().size());
    for (std::size_t i = 0; i < random.steps().size(); ++i) {
      INFO("step ", random.steps()[i]->path);
      CHECK(largest_difference(random.steps()[i]->values(), read.steps()[i]->values()) == 0);
    }
    expect({"seq2seq", "--hidden", "6", "--weights", weights}, 3, "decoder.w_h");
  }
}
