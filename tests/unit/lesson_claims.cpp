// The language of claims: what it reads, what it refuses, and what values are.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "app/lesson/claim.h"
#include "io_support.h"

using namespace attn;
using namespace attn::app;
using io_test::check_bad;
using io_test::check_error;

namespace {

/// A run with weights of 2 x 3 (words as labels), heads of 2 x 2 x 2, a mask and a table.
Trace sample() {
  Trace trace;
  trace.labels["query"] = {"it", "was"};
  trace.labels["key"] = {"the", "it", "it"};
  trace.add(
      "weights", "", {"query", "key"},
      Tensor(matrix({{real(0.25), real(0.25), real(0.5)}, {real(0.125), real(0.5), real(0.375)}})));
  trace.add("layer.0.heads", "", {"head", "query", "key"},
            Tensor(reshaped(matrix({{1, 2, 3, 4, 5, 6, 7, 8}}), {2, 2, 2})));
  trace.add("mask", "", {}, Tensor(matrix({{0, -std::numeric_limits<real>::infinity()}, {0, 0}})));
  trace.add("w", "", {}, Tensor::parameter(matrix({{1, 2}, {3, 4}})));
  trace.items.emplace_back(Table{"results",
                                 "",
                                 {"model", "accuracy"},
                                 {{std::string("lstm"), 0.5}, {std::string("attention"), 0.75}}});
  trace.items.emplace_back(Table{"curve", "", {"step", "loss"}, {{10.0, 2.0}, {20.0, 1.0}}});
  trace.items.emplace_back(
      Table{"gain", "", {"task", "points"}, {{std::string("tags"), std::string("+26.5 +-16.5")}}});
  return trace;
}

struct World {
  Trace last = sample();
  Trace other = sample();
  Traces traces{&last,
                [this](const std::string& name) { return name == "plain" ? &other : nullptr; }};
  std::string value(const std::string& text) const {
    return value_text(evaluate(parse_expression(text), traces));
  }
  bool holds(const std::string& text) const { return test(parse_claim(text), traces).holds; }
  std::string found(const std::string& text) const { return test(parse_claim(text), traces).found; }
};

}  // namespace

TEST_CASE("claims: every kind of value") {
  const World w;
  const std::pair<const char*, const char*> kValues[] = {
      {"2 + 3 * 4 - 1", "13"},
      {"(2 + 3) * -4", "-20"},
      {"8 / 4 / 2", "1"},
      {"[2, 4, 4]", "[2, 4, 4]"},
      {"\"a text\"", "\"a text\""},
      {"weights[1, 2]", "0.375"},
      {"weights[-1, -1]", "0.375"},
      {"weights[\"was\", \"it\"]", "0.5"},  // the first such token
      {"weights[0]", "[0.25, 0.25, 0.5]"},
      {"weights[*, 1]", "[0.25, 0.5]"},
      {"weights[1, 0:2]", "[0.125, 0.5]"},
      {"weights[1, 1:]", "[0.5, 0.375]"},
      {"weights[1, :1]", "[0.125]"},
      {"layer.0.heads[1, 0]", "[5, 6]"},
      {"layer.0.heads[*, 1, 1]", "[4, 8]"},
      {"layer.0.heads shape", "[2, 2, 2]"},
      {"weights", "6 numbers of shape (2, 3)"},
      {"weights rank", "2"},
      {"weights size", "6"},
      {"weights rows", "2"},
      {"weights columns", "3"},
      {"layer.0.heads rows", "2"},
      {"weights row-sums", "[1, 1]"},
      {"weights column-sums", "[0.375, 0.75, 0.875]"},
      {"weights sum", "2"},
      {"weights min", "0.125"},
      {"weights max", "0.5"},
      {"[1, 2, 3] mean", "2"},
      {"[1, 2, 3, 4] variance", "1.25"},
      {"weights[1] first", "0.125"},
      {"weights[1] last", "0.375"},
      {"weights last", "[0.125, 0.5, 0.375]"},
      {"weights argmax", "[2, 1]"},
      {"weights argmin", "[0, 0]"},
      {"weights[1] argmax", "1"},
      {"weights argmax-label", "[\"it\", \"it\"]"},
      {"[0.5, 0.5] entropy", "0.693147"},
      {"[1, 0] entropy", "0"},
      {"[3, 4] norm", "5"},
      {"weights nan-count", "0"},
      {"(0 / [0, 1]) nan-count", "1"},
      {"w distinct-rows", "2"},
      {"w transposed[0]", "[1, 3]"},
      {"[3, 1, 2] sorted", "[1, 2, 3]"},
      {"(0 / [0, 2, 1] + [0, 2, 1]) sorted", "[1, 2, nan]"},
      {"[-1, 2] abs", "[1, 2]"},
      {"(w . w)[0]", "[7, 10]"},
      {"[1, 2] . [3, 4]", "11"},
      {"w . [1, 1]", "[3, 7]"},
      {"sqrt(16) + exp(0) + log(1)", "5"},
      {"-[1, 2] * 2", "[-2, -4]"},
      {"mask[0, 1]", "-inf"},
      {"results[\"attention\", \"accuracy\"]", "0.75"},
      {"results[0, \"model\"]", "\"lstm\""},
      {"results[*, \"accuracy\"] max", "0.75"},
      {"results rows", "2"},
      {"curve[*, \"loss\"] last", "1"},
      {"curve[\"20\", 1]", "1"},  // a row by the text of its first cell
      {"plain::weights[0, 2]", "0.5"},
      {"gain[\"tags\", \"points\"]", "26.5"},  // with its interval behind
      {"parameters", "4"},
  };
  for (const auto& row : kValues) {
    const std::string text = row.first, value = row.second;
    INFO(text);
    CHECK(w.value(text) == value);
  }
}

TEST_CASE("claims: what holds and what does not") {
  const World w;
  for (const char* claim :
       {"weights row-sums == 1 within 1e-6", "weights > 0", "weights <= 0.5", "1 == 1.0000005",
        "weights shape == [2, 3]", "weights shape != [2, 3, 4]", "weights[0] != weights[1]",
        "weights != 7", "not weights == 0.5", "1 < 2 and 2 < 3", "mask[0, 1] == -inf",
        "results[0, \"model\"] == \"lstm\"", "plain::weights == weights", "3 == 3.4 within 0.5",
        "3 != 4 within 0.5", "results[*, \"model\"] == [\"lstm\", \"attention\"]"}) {
    INFO(claim);
    CHECK(w.holds(claim));
  }
  for (const char* claim :
       {"weights == 0.5", "weights < 0.5", "1 == 1.00001", "weights shape == [2, 3, 4]",
        "not 1 == 1", "1 < 2 and 3 < 2", "weights != weights", "weights[0] != weights[0]",
        "weights != 0.5", "(0 / [0, 1]) == (0 / [0, 1])", "results[0, \"model\"] == 1"}) {
    INFO(claim);
    CHECK_FALSE(w.holds(claim));
  }
}

TEST_CASE("claims: a claim that fails says what was found, and where") {
  const World w;
  CHECK(w.found("weights <= 0.375") == "left 0.5, right 0.375 at [0, 2]");
  CHECK(w.found("weights shape == [3, 3]") == "left 2, right 3 at [0]");
  CHECK(w.found("weights shape == 3") == "left 2, right 3 at [0]");
  CHECK(w.found("[1, 2] == [1, 2, 3]") == "left [1, 2], right [1, 2, 3]");
  CHECK(w.found("not 2 == 2") == "left 2, right 2");
  CHECK(w.found("weights[0] argmax-label == \"the\"") == "left \"it\", right \"the\"");
}

TEST_CASE("claims: what cannot be read is refused with its column") {
  const std::pair<const char*, const char*> kBad[] = {
      {"weights", "column 8: expected a measure, or one of =="},
      {"1 ==", "column 5: expected a value, found the end"},
      {"1 == 2 3", "column 8: expected the end"},
      {"1 = 2", "column 3: \"=\" has no meaning"},
      {"weights[ == 1", "a whole number, a label in quotes"},
      {"weights[1.5] == 1", "a whole number"},
      {"weights[1", "expected \"]\", found the end"},
      {"\"open == 1", "a quote that is not closed"},
      {"(1 + 2 == 3", "expected \")\""},
      {"1 < 2 within 3", "no \"within\" after < or >"},
      {"12ab == 1", "a letter in a number"},
      {"a:: == 1", "the name of a step"},
      {"1 == 2 and", "expected a value"},
      {"caf\xc3\xa9 == 1", "has no meaning here"},
      {"", "expected a value, found the end"},
  };
  for (const auto& row : kBad) {
    const std::string text = row.first, part = row.second;
    INFO(text);
    check_bad(part, [&] { parse_claim(text); });
  }
  check_error(ErrorKind::limit, "brackets", [] { parse_claim(std::string(100, '(') + "1 == 1"); });
  check_error(ErrorKind::limit, "brackets", [] { parse_claim(std::string(3000, '-') + "1 == 1"); });
  check_error(ErrorKind::limit, "characters", [] { parse_claim(std::string(5000, '1')); });
}

TEST_CASE("claims: what the run does not have is refused with what it has") {
  const World w;
  const std::pair<const char*, const char*> kBad[] = {
      {"wieghts", "no step or table \"wieghts\"; did you mean weights?"},
      {"weights[2, 0]", "place 2 on an axis of length 2"},
      {"weights[0, 0, 0]", "3 indices for a value with 2 axes"},
      {"weights[\"dog\"]", "no label \"dog\" on axis 0"},
      {"w[\"dog\"]", "axis 0 has no labels"},
      {"weights[0, 2:9]", "range 2:9 on an axis of length 3"},
      {"nobody::weights", "no earlier run is named \"nobody\""},
      {"w . [1, 2, 3]", "have no product"},
      {"w + [1, 2, 3]", "do not fit for +"},
      {"results sum", "sum needs numbers"},
      {"[w, 1]", "a list holds single numbers"},
      {"1 transposed", "only a matrix can be transposed"},
      {"1 argmax", "argmax of no list"},
      {"w argmax-label", "the last axis has no labels"},
      {"(w + 1) flops", "flops belongs to a step"},
      {"[] max", "max of no numbers"},
  };
  for (const auto& row : kBad) {
    const std::string text = row.first, part = row.second;
    INFO(text);
    check_bad(part, [&] { evaluate(parse_expression(text), w.traces); });
  }
  check_bad("texts cannot be compared with <", [&] { w.holds("results[0, \"model\"] < \"z\""); });
  const Traces nothing;
  check_bad("no run stands before this", [&] { evaluate(parse_expression("weights"), nothing); });
}

TEST_CASE("claims: numbers in prose have three decimals, or as many as asked for") {
  const World w;
  const auto prose = [&](const char* text, int decimals = -1) {
    return number_in_prose(evaluate(parse_expression(text), w.traces), decimals);
  };
  CHECK(prose("weights[1, 2]") == "0.375");
  CHECK(prose("1 / 3", 2) == "0.33");
  CHECK(prose("weights size") == "6");
  CHECK(prose("2", 1) == "2.0");
  CHECK(prose("-0.0001") == "0.000");
  CHECK(prose("mask[0, 1]", 2) == "-inf");
  CHECK(prose("weights argmax-label") == "it, it");
}
