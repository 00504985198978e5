// bert inputs, attend, mlm, fill and nsp with a checkpoint: the contract's steps with the numbers
// of tests/reference/bert.json, and what a student sees.
#include <fmt/format.h>

#include <set>

#include "app/frame/execute.h"
#include "attn/core/gemm.h"
#include "attn/text/utf8.h"
#include "program/checkpoint_folder.h"
#include "program/traces.h"
#include "unit/torch_cases.h"

using namespace attn;
using namespace attn::test;
using nlohmann::json;

namespace {

std::vector<json> reference() {
  return read_json(std::string(ATTN_REFERENCE_DIR) + "/bert.json").get<std::vector<json>>();
}

/// `attn bert COMMAND` on the texts of this input.
Words command_line(const std::string& command, const json& c, const json& input) {
  return with(with({"bert", command}, input["texts"].get<Words>()),
              {"--checkpoint", reference_checkpoint(c["name"])});
}

/// The steps of a document by their paths.
std::map<std::string, json> steps_of(const json& document) {
  std::map<std::string, json> out;
  for (const json& step : document["steps"]) out[step["path"]] = step;
  return out;
}

void check_step(const std::map<std::string, json>& steps, const std::string& path,
                const json& expected) {
  INFO("step ", path);
  REQUIRE(steps.contains(path));
  testing::check_near(json_array(steps.at(path)["values"], path), expected, path);
  CHECK(steps.at(path)["kind"] == "value");
}

struct Expected {
  std::string path;
  Shape shape;
};

/// What docs/contract.md promises of one reading, but the embeddings and the heads on top.
std::vector<Expected> block_steps(std::size_t layers, std::size_t n, std::size_t d, std::size_t h,
                                  std::size_t ff) {
  std::vector<Expected> out;
  for (std::size_t l = 0; l < layers; ++l) {
    const auto add = [&](const std::string& path, const Shape& shape) {
      out.push_back({fmt::format("layer.{}.{}", l, path), shape});
    };
    for (const char* w : {"w_q", "w_k", "w_v", "w_o"}) add(std::string("attention.") + w, {d, d});
    for (const char* b : {"b_q", "b_k", "b_v", "b_o"}) add(std::string("attention.") + b, {d});
    for (const char* x : {"q", "k", "v", "concat", "output"})
      add(std::string("attention.") + x, {n, d});
    add("attention.scores", {h, n, n});
    add("attention.weights", {h, n, n});
    add("attention.context", {h, n, d / h});
    for (const std::string norm : {"norm1.", "norm2."}) {
      add(norm + "gain", {d});
      add(norm + "bias", {d});
      add(norm + "output", {n, d});
    }
    add("ffn.w_1", {d, ff});
    add("ffn.b_1", {ff});
    add("ffn.hidden", {n, ff});
    add("ffn.w_2", {ff, d});
    add("ffn.b_2", {d});
    add("ffn.output", {n, d});
    add("output", {n, d});
  }
  out.push_back({"output", {n, d}});
  return out;
}

void check_shapes(const std::map<std::string, json>& steps, const std::vector<Expected>& expected) {
  for (const Expected& e : expected) {
    INFO("step ", e.path);
    REQUIRE(steps.contains(e.path));
    CHECK(steps.at(e.path)["shape"].get<Shape>() == e.shape);
  }
}

}  // namespace

TEST_CASE("bert attend: the contract's steps of every checkpoint, with the reference's numbers") {
  for (const json& c : reference()) {
    const json& input = c["inputs"][0];
    INFO("checkpoint ", c["name"].get<std::string>());
    const json document = trace_of(command_line("attend", c, input));
    CHECK(document["tokens"] == input["pieces"]);
    const std::map<std::string, json> steps = steps_of(document);
    const std::size_t n = input["ids"].size(), d = c["width"], layers = input["layers"].size();
    check_shapes(steps, {{"token_embedding", {c["vocabulary"], d}},
                         {"position_embedding", {c["positions"], d}},
                         {"x", {n, d}}});
    CHECK(steps.at("segment_embedding")["shape"][1] == d);
    check_shapes(steps, block_steps(layers, n, d, c["heads"], c["ff"]));
    check_step(steps, "x", input["x"]);
    for (std::size_t l = 0; l < layers; ++l) {
      const json& layer = input["layers"][l];
      check_step(steps, fmt::format("layer.{}.attention.weights", l), layer["weights"]);
      check_step(steps, fmt::format("layer.{}.output", l), layer["output"]);
    }
    check_step(steps, "output", input["layers"].back()["output"]);
  }
}

TEST_CASE("bert mlm, fill and nsp: the heads' numbers are the reference's") {
  std::set<std::string> seen;
  for (const json& c : reference()) {
    const json& input = c["inputs"][0];
    INFO("checkpoint ", c["name"].get<std::string>());
    const std::size_t n = input["ids"].size(), d = c["width"], words = c["vocabulary"];
    const std::vector<Expected> blocks =
        block_steps(input["layers"].size(), n, d, c["heads"], c["ff"]);
    if (!input["mlm_logits"].is_null()) {
      for (const char* command : {"mlm", "fill"}) {
        const std::map<std::string, json> steps =
            steps_of(trace_of(command_line(command, c, input)));
        check_shapes(steps, blocks);
        check_step(steps, "mlm.logits", input["mlm_logits"]);
        CHECK(steps.at("mlm.logits")["shape"] == json({n, words}));
        seen.insert(command);
      }
    }
    if (!input["nsp_logits"].is_null() && input["texts"].size() == 2) {
      const std::map<std::string, json> steps = steps_of(trace_of(command_line("nsp", c, input)));
      check_shapes(steps, blocks);
      check_step(steps, "pooled", input["pooled"]);
      check_step(steps, "nsp.logits", input["nsp_logits"]);
      CHECK(steps.at("nsp.logits")["shape"] == json({2}));
      seen.insert("nsp");
    }
    const std::map<std::string, json> steps = steps_of(trace_of(command_line("inputs", c, input)));
    check_step(steps, "x", input["x"]);
    CHECK(steps.at("ids")["values"] == input["ids"]);
    CHECK(steps.at("segment_ids")["values"] == input["segments"]);
    CHECK(steps.at("ids")["kind"] == "input");
    CHECK(steps.at("token_embedding")["kind"] == "parameter");
  }
  CHECK(seen.size() == 3);
}

TEST_CASE("bert: parameters are in the trace as they are in the file, matrices turned") {
  const json c = reference()[0];
  const Trace trace = app::compute(command_line("mlm", c, c["inputs"][0]));
  const SafetensorsFile file =
      read_safetensors(reference_checkpoint("pretraining") + "/model.safetensors");
  std::map<std::string, Array> stored;
  for (const NamedArray& tensor : file.tensors) stored[tensor.name] = tensor.values;
  const auto is = [&](const std::string& path, const std::string& name, bool turned) {
    const Array &got = step(trace, path).values(), &want = stored.at(name);
    const Shape shape = shape_of(got);
    INFO(path);
    bool same = got.size() == want.size();
    for (std::size_t i = 0; same && i < got.size(); ++i) {
      const std::size_t at = turned ? i % shape[1] * shape[0] + i / shape[1] : i;
      same = got.data()[i] == want.data()[at];
    }
    CHECK(same);
  };
  is("token_embedding", "bert.embeddings.word_embeddings.weight", false);
  is("segment_embedding", "bert.embeddings.token_type_embeddings.weight", false);
  is("layer.1.attention.w_k", "bert.encoder.layer.1.attention.self.key.weight", true);
  is("layer.0.ffn.w_1", "bert.encoder.layer.0.intermediate.dense.weight", true);
  is("layer.0.ffn.w_2", "bert.encoder.layer.0.output.dense.weight", true);
  is("layer.0.norm1.gain", "bert.encoder.layer.0.attention.output.LayerNorm.weight", false);
  is("mlm.bias", "cls.predictions.bias", false);
  for (const Step* s : trace.steps()) {
    if (s->path.find(".w_") != std::string::npos) CHECK(s->kind() == Tensor::Kind::parameter);
  }
}

TEST_CASE("bert: why takes numbers of the heads apart, and each agrees with the reference") {
  const json c = reference()[0];
  const json& input = c["inputs"][0];
  const auto why = [&](const std::string& command, const std::string& place, const json& number) {
    for (const char* depth : {"1", "4"}) {
      const Words line = with({"why", place, "--depth", depth}, command_line(command, c, input));
      holding(line);  // the arithmetic done again in double gives the same number
      expect(line, 0, fmt::format("{} = {:.4f}", place, number.get<double>()));
    }
  };
  why("mlm", "mlm.logits[4,3]", input["mlm_logits"][4][3]);
  why("fill", "mlm.logits[0,25]", input["mlm_logits"][0][25]);
  why("nsp", "pooled[3]", input["pooled"][3]);
  why("nsp", "nsp.logits[1]", input["nsp_logits"][1]);
  why("attend", "layer.1.attention.weights[2,3,4]", input["layers"][1]["weights"][2][3][4]);
  expect(with({"why", "pooled[3]"}, command_line("nsp", c, input)), 0, "tanh(");
  expect(with({"why", "mlm.logits[4,30]"}, command_line("mlm", c, input)), 2, "mlm.logits");
}

TEST_CASE("bert fill: the likeliest word of every [MASK], by the reference") {
  for (const json& c : reference()) {
    const json& input = c["inputs"][0];
    if (input["mlm_logits"].is_null()) continue;
    INFO("checkpoint ", c["name"].get<std::string>());
    const json document = trace_of(command_line("fill", c, input));
    const json rows = document["tables"][0]["rows"];
    std::size_t r = 0;
    const Words vocabulary = lines(Folder::read(reference_checkpoint(c["name"]) + "/vocab.txt"));
    for (std::size_t i = 0; i < input["pieces"].size(); ++i) {
      if (input["pieces"][i] != "[MASK]") continue;
      const auto logits = input["mlm_logits"][i].get<std::vector<double>>();
      const auto best =
          std::size_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
      double sum = 0;
      for (const double logit : logits) sum += std::exp(logit - logits[best]);
      CHECK(rows[r][0] == i);
      CHECK(rows[r][1] == "[MASK]");
      CHECK(rows[r][2] == (best < vocabulary.size() ? vocabulary[best] : "[unused]"));
      CHECK(rows[r][3].get<double>() == doctest::Approx(1 / sum).epsilon(1e-4));
      r += 5;
    }
    CHECK(rows.size() == r);
  }
}

TEST_CASE("bert mlm: a word that the model thinks impossible costs much, not infinitely much") {
  const CheckpointFolder checkpoint;
  checkpoint.rewrite([](std::map<std::string, Array>& tensors) {
    Array& bias = tensors.at("cls.predictions.bias");
    for (std::size_t i = 0; i < bias.size(); ++i) bias(i) = i == 0 ? 3000 : 0;
    tensors.erase("cls.predictions.decoder.bias");
  });
  const Trace trace =
      holding({"bert", "mlm", "the cat sat on the mat .", "--checkpoint", checkpoint.path()});
  CHECK(step(trace, "mlm.loss").values()(0) == doctest::Approx(3000).epsilon(0.01));
  checkpoint.ends("mlm", {"the cat sat on the mat ."}, 0, "Loss: (-log(");
}

TEST_CASE("bert: the same numbers with two threads, and the same text twice") {
  const json c = reference()[0];
  const Words line = command_line("mlm", c, c["inputs"][0]);
  const Trace one = app::compute(line), two = app::compute(with(line, {"--threads", "2"}));
  set_threads(1);  // not for all tests behind this one
  for (const char* path : {"output", "mlm.logits"})
    CHECK(largest_difference(step(one, path).values(), step(two, path).values()) <= 1e-5);
  CHECK(run(line).exit_code == 0);
}

TEST_CASE("bert with a checkpoint: at 40 and at 80 columns, and in linear text, lines fit") {
  for (const std::size_t which : {0, 2}) {
    const json c = reference()[which];
    const json& input = c["inputs"][0];
    for (const char* command : {"attend", "inputs", "mlm", "fill", "nsp", "mask"}) {
      const Words line = command_line(command, c, input);
      for (const std::size_t width : {40, 80}) {
        const Result r =
            run(Launch{.arguments = line, .environment = {{"COLUMNS", std::to_string(width)}}});
        for (const std::string& text : lines(r.out)) {
          INFO(r.command_line, ": ", text);
          CHECK(display_width(text) <= width);
        }
      }
      for (const std::string& text : lines(run(with(line, {"--plain"})).out)) {
        INFO(text);
        CHECK(display_width(text) <= 80);
      }
    }
  }
}

TEST_CASE(
    "bert: without --checkpoint the program's own model answers, and its numbers are learnt") {
  const Result r = expect({"bert", "fill", "in the castle the [MASK] found his crown"}, 0, "king");
  CHECK(contains(r.out, "knight"));
  const json nsp =
      trace_of({"bert", "nsp", "the king can guard the sword", "today the owl will hide its nest"});
  for (const json& step : nsp["steps"]) {
    if (step["path"] == "nsp.probabilities") CHECK(step["values"][1].get<double>() > 0.9);
  }
  const Result shown = expect({"bert", "attend", "--show", "layer.0.attention.w_q"}, 0);
  CHECK(contains(shown.out, "parameter, learnt"));
  CHECK_FALSE(contains(shown.out, "random with seed"));
  expect({"translate", "--model", "stories-bert/model"}, 2, "no model");
}
