// How steps are labelled: names of axes, signs in the place of numbers, where a step comes from.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

json step_of(const json& document, const std::string& path) {
  for (const json& step : document["steps"]) {
    if (step["path"] == path) return step;
  }
  FAIL("no step " << path);
  return {};
}

}  // namespace

TEST_CASE("labels: the projections of all heads are H d_k wide, those of one head d_k") {
  const json many = trace_of({"heads", "a b c"}), one = trace_of({"attend", "a b c"});
  for (const auto& [path, width] : {std::pair{"q", "d_k"}, {"k", "d_k"}, {"v", "d_v"}}) {
    const std::string all = std::string("H ") + width, w = std::string("w_") + path;
    CHECK(step_of(many, path)["axes"][1] == all);
    CHECK(step_of(many, w)["axes"] == json({"d", all}));
    CHECK(step_of(one, path)["axes"][1] == width);
    CHECK(step_of(one, w)["axes"] == json({"d", width}));
  }
  CHECK(step_of(many, "q_heads")["axes"][2] == "d_k");
}

TEST_CASE("labels: path and reach lead from inputs to outputs, and no way is a dash") {
  for (const char* command : {"path", "reach"}) {
    const Words line = {command, "--model", "rnn", "red green blue"};
    CHECK(step_of(trace_of(line), command)["axes"] == json({"output", "input"}));
    const Result r = expect(with(line, {"--show", command}), 0, "input →");
    CHECK(contains(r.out, "  green"));
  }
  const Words line = {"path", "--model", "rnn", "red green blue"};
  CHECK(step_of(trace_of(line), "path")["values"] == json({{1, 0, 0}, {2, 1, 0}, {3, 2, 1}}));
  const std::string plain = expect(with(line, {"--plain"}), 0).out;
  CHECK(contains(plain, "output \"green\": red 2, green 1, blue -"));
  expect({"reach", "--model", "rnn"}, 0, "of those after it on none");
}

TEST_CASE("labels: the direction of backward is given, and a file may give it") {
  const Folder folder;
  const std::string weights = folder / "w.safetensors";
  CHECK(step_of(trace_of({"backward", "a b", "--dim", "2"}), "g")["kind"] == "input");
  expect({"backward", "a b", "--dim", "2", "--save-weights", weights}, 0);
  CHECK_FALSE(contains(Folder::read(weights), "\"g\""));
  expect({"backward", "a b", "--dim", "2", "--weights", weights}, 0);
}

TEST_CASE("labels: what least squares finds comes from the table of positions") {
  const json document = trace_of({"position", "--shift", "3"});
  CHECK(step_of(document, "shift_found")["from"] == json({"position"}));
}
