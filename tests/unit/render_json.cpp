#include "attn/render/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "render_sample.h"

using namespace attn;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  for (const auto& entry : object.items()) out.push_back(entry.key());
  return out;
}

}  // namespace

TEST_CASE("json: one document with the keys of the contract, in their order") {
  const Json document = Json::parse(json(sample::trace(sample::kSentence)));
  CHECK(keys(document) == std::vector<std::string>{"format", "command", "seed", "threads",
                                                   "milliseconds", "tokens", "steps", "checks",
                                                   "tables", "remarks"});
  CHECK(document["format"] == 1);
  CHECK(document["seed"] == 1);
  CHECK(document["tokens"].size() == 11);
  for (const Json& step : document["steps"]) {
    CHECK(keys(step) == std::vector<std::string>{"path", "kind", "formula", "axes", "shape", "from",
                                                 "milliseconds", "flops", "values"});
  }
  CHECK(document["steps"][0]["kind"] == "value");
  CHECK(document["steps"][1]["kind"] == "input");
  CHECK(document["steps"][2]["kind"] == "parameter");
  CHECK(document["steps"][4]["from"] == Json::array({"x", "w_q", "mask"}));
  CHECK(document["checks"][0]["holds"] == true);
  CHECK(document["checks"][1]["holds"] == false);
  CHECK(document["checks"][0]["tolerance"] == 1e-5);
  CHECK(document["tables"][0]["name"] == "entropy");
  CHECK(document["tables"][0]["rows"][1] == Json::array({1, "cat", 0.5}));
}

TEST_CASE("json: values are nested by shape and read back to the same bits") {
  std::mt19937 bits(1);
  const Array a = sample::random_array({2, 3, 4}, bits, 1e-3);
  const Json values = Json::parse(json(sample::one(a)))["steps"][0]["values"];
  REQUIRE(values.size() == 2);
  REQUIRE(values[0].size() == 3);
  REQUIRE(values[0][0].size() == 4);
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(values[i / 12][i / 4 % 3][i % 4].get<real>() == a.data()[i]);
  }
}

TEST_CASE("json: infinite numbers and NaN are words, empty matrices are []") {
  Array a = zeros({1, 4});
  a.data()[0] = NAN;
  a.data()[1] = INFINITY;
  a.data()[2] = -INFINITY;
  CHECK(Json::parse(json(sample::one(a)))["steps"][0]["values"][0] ==
        Json::array({"nan", "inf", "-inf", 0}));
  CHECK(Json::parse(json(sample::one(zeros({0, 5}))))["steps"][0]["values"] == Json::array());
  CHECK(Json::parse(json(sample::one(full({}, 2))))["steps"][0]["values"] == 2);
  Trace trace;
  trace.check("broken", NAN, 1e-5);
  CHECK(Json::parse(json(trace))["checks"][0]["difference"] == "nan");
  CHECK(Json::parse(json(trace))["checks"][0]["holds"] == false);
}

TEST_CASE("json: any bytes in a token make valid JSON") {
  const Trace trace = sample::trace(sample::kHostile);
  const Json document = Json::parse(json(trace));  // throws for invalid UTF-8
  for (std::size_t i = 0; i < sample::kHostile.size(); ++i) {
    if (i != 4) CHECK(document["tokens"][i] == sample::kHostile[i]);
  }
  CHECK(document["tokens"][4] == "\uFFFD\uFFFD\uFFFD \uFFFD");
}

TEST_CASE("json: file names stand in the place of values, the spread only after several runs") {
  Trace trace = sample::one(zeros({2}));
  trace.repeats = 5;
  trace.seed = 18446744073709551615u;
  const Json document = Json::parse(trace_document(trace, {"000-scores.npy"}));
  CHECK(document["steps"][0]["file"] == "000-scores.npy");
  CHECK_FALSE(document["steps"][0].contains("values"));
  CHECK(document["steps"][0].contains("spread"));
  CHECK(document["seed"] == 18446744073709551615u);
}
