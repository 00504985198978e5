// The stages around attention: nets for single words and windows, recurrent nets, convolutions, how
// far a signal comes in each, and the gradients of one head.
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

const Words kModels = {"fc", "window", "rnn", "birnn", "lstm", "gru", "cnn", "tcn", "attention"};
const Words kTexts = {"saw", "so be", "I saw a saw", "to be or not to be that is the question"};

const Table& table(const Trace& trace, const std::string& name) {
  for (const Item& item : trace.items) {
    const auto* found = std::get_if<Table>(&item);
    if (found && found->name == name) return *found;
  }
  FAIL("no table " << name);
  throw Error(ErrorKind::internal, "unreachable");
}

double cell(const Table& t, std::size_t row, std::size_t column) {
  return std::get<double>(t.rows.at(row).at(column));
}

/// `why` of a number: its arithmetic must give the number.
std::string why(const std::string& place, const Words& command) {
  const Trace trace = holding(with({"why", place}, command));
  for (const Item& item : trace.items) {
    if (const auto* remark = std::get_if<Remark>(&item)) return remark->text;
  }
  return {};
}

double at(const Trace& trace, const std::string& path, std::size_t i, std::size_t j) {
  const Array& values = step(trace, path).values();
  return values.data()[i * columns(values) + j];
}

/// What `verbatim` items draw, one after another.
std::string drawings(const Trace& trace) {
  std::string out;
  for (const Item& item : trace.items) {
    if (const auto* drawing = std::get_if<Verbatim>(&item)) out += drawing->text + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("rnn: the steps of the contract, in one direction and in two") {
  const std::map<std::string, Words> gates = {
      {"rnn", {}}, {"lstm", {"i", "f", "g", "o"}}, {"gru", {"r", "z", "n"}}};
  for (const auto& [kind, names] : gates) {
    const std::size_t n = 4, d = 5, h = 3, g = std::max<std::size_t>(names.size(), 1) * h;
    for (const bool both : {false, true}) {
      Words command{"rnn", "I saw a saw", "--cell", kind, "--dim", "5", "--hidden", "3"};
      if (both) command.emplace_back("--bidirectional");
      const Trace trace = holding(command);
      has_shape(trace, "x", {n, d});
      for (const std::string& at : both ? Words{"forward.", "backward."} : Words{""}) {
        has_shape(trace, at + "w_x", {d, g});
        has_shape(trace, at + "w_h", {h, g});
        has_shape(trace, at + "b_x", {g});
        has_shape(trace, at + "b_h", {g});
        has_shape(trace, at + "gates", {n, g});
        has_shape(trace, at + "hidden", {n, h});
        CHECK((trace.find(at + "cell") != nullptr) == (kind == "lstm"));
        for (const std::string& name : names) has_shape(trace, at + "gate." + name, {n, h});
        CHECK(step(trace, at + "b_h").kind() == Tensor::Kind::parameter);
        CHECK(largest_difference(step(trace, at + "b_h").values(), zeros({g})) >
              0);  // biases that matter
      }
      CHECK((trace.find("output") != nullptr) == both);
      if (both) has_shape(trace, "output", {n, 2 * h});
    }
  }
  has_shape(holding({"rnn", "so be"}), "hidden", {2, 8});  // h is d
}

TEST_CASE("rnn: what it claims holds for every cell, text, width and seed") {
  for (const char* cell : {"rnn", "lstm", "gru"}) {
    for (const std::string& text : kTexts) {
      for (const char* dim : {"1", "3"}) {
        for (const char* seed : {"1", "2"}) {
          holding({"rnn", text, "--cell", cell, "--dim", dim, "--seed", seed});
          holding({"rnn", text, "--cell", cell, "--dim", dim, "--seed", seed, "--hidden", "4",
                   "--bidirectional"});
        }
      }
    }
  }
}

TEST_CASE("rnn: the drawing says what waits for what, and long texts are cut") {
  const std::string one = drawings(holding({"rnn", "I saw a saw", "--dim", "2"}));
  for (const char* part : {"[h0]  waits for nothing", "[h3]  waits for h2", "saw"})
    CHECK(test::contains(one, part));
  const std::string two =
      drawings(holding({"rnn", "I saw a saw", "--dim", "2", "--bidirectional"}));
  CHECK(test::contains(two, "f1 waits for f0, b1 for b2"));
  std::string text = "word";
  for (int i = 0; i < 500; ++i) text += " word";
  CHECK(drawings(holding({"rnn", text, "--dim", "2"})).size() < 2000);
}

TEST_CASE("cnn: the steps of the contract, whatever the kernel and the dilation") {
  struct Row {
    Words options;
    std::size_t layers, kernel, channels;
  };
  const std::vector<Row> rows = {
      {{}, 3, 3, 5},
      {{"--layers", "1", "--kernel", "9"}, 1, 9, 5},
      {{"--dilation", "1,2,4,8", "--causal"}, 4, 3, 5},
      {{"--dilation", "2", "--layers", "2", "--channels", "3", "--kernel", "4"}, 2, 4, 3},
      {{"--kernel", "1"}, 3, 1, 5}};
  for (const Row& r : rows) {
    const Trace trace = holding(with({"cnn", "I saw a saw", "--dim", "5"}, r.options));
    for (std::size_t l = 0; l < r.layers; ++l) {
      const std::string at = fmt::format("layer.{}.", l);
      has_shape(trace, at + "w", {r.kernel, l == 0 ? 5 : r.channels, r.channels});
      has_shape(trace, at + "b", {r.channels});
      has_shape(trace, at + "output", {4, r.channels});
    }
    CHECK(trace.find(fmt::format("layer.{}.w", r.layers)) == nullptr);
  }
  for (const std::string& text : kTexts) {
    for (const char* dim : {"1", "3"}) {
      for (const char* seed : {"1", "2", "3"}) {
        holding({"cnn", text, "--dim", dim, "--seed", seed, "--kernel", "4"});
        holding({"cnn", text, "--dim", dim, "--seed", seed, "--kernel", "2", "--dilation", "1,3",
                 "--causal", "--channels", "1"});
      }
    }
  }
}

TEST_CASE("cnn: the receptive field and the layers that a length needs") {
  std::string text = "w";
  for (int i = 1; i < 31; ++i) text += " w";
  const Table field = table(holding({"cnn", text, "--dim", "2", "--dilation", "1,2,4"}), "field");
  for (std::size_t l = 0; l < 3; ++l) {
    for (const std::size_t column : {3, 4, 5})
      CHECK(cell(field, l, column) == std::vector<double>{3, 7, 15}[l]);
  }
  const Table needed = table(holding({"cnn", text, "--dim", "2"}), "layers_needed");
  for (std::size_t r = 0; r < needed.rows.size(); ++r) {
    const double n = cell(needed, r, 0);
    CHECK(cell(needed, r, 1) == std::ceil((n - 1) / 2));             // kernel 3
    CHECK(cell(needed, r, 2) == std::ceil(std::log2((n + 1) / 2)));  // 1 + 2 (2^L - 1) >= n
  }
  CHECK(needed.rows.size() >= 8);
  CHECK(std::get<std::string>(
            table(holding({"cnn", "so be", "--kernel", "1"}), "layers_needed").rows[0][1]) ==
        "never");
  // Every line of the drawing fits into a window of 80 columns, and there is one for each layer.
  const std::string drawn = drawings(holding({"cnn", text, "--dim", "2", "--dilation", "1,2,4"}));
  CHECK(test::contains(drawn, "after layer 2"));
  for (const std::string& line : test::lines(drawn)) CHECK(line.size() <= 80);
}

TEST_CASE("fc: both saws get the same tags, window tells them apart") {
  for (const char* seed : {"1", "2", "3"}) {
    const Trace alone = holding({"fc", "--seed", seed});
    CHECK(alone.tokens == Words{"i", "saw", "a", "saw"});
    has_shape(alone, "tags", {4, 4});
    const Trace near = holding({"window", "--seed", seed});
    has_shape(near, "windows", {4, 24});
    double apart = 0;
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(at(alone, "tags", 1, c) == at(alone, "tags", 3, c));
      apart = std::max(apart, std::abs(at(near, "tags", 1, c) - at(near, "tags", 3, c)));
    }
    CHECK(apart > 1e-3);
  }
  // A window of the word alone is fc again.
  const Trace none = holding({"window", "--radius", "0"});
  for (std::size_t c = 0; c < 4; ++c) CHECK(at(none, "tags", 1, c) == at(none, "tags", 3, c));
  for (const std::string& text : kTexts) {
    holding({"fc", text, "--dim", "1"});
    holding({"window", text, "--dim", "2", "--radius", "20"});
    holding({"window", text, "--position", "sinusoidal"});
  }
}

TEST_CASE("window: the parameters grow with the window, in a line") {
  const Table counts = table(holding({"window", "--dim", "2", "--hidden", "3"}), "parameters");
  for (std::size_t r = 0; r < counts.rows.size(); ++r)
    CHECK(cell(counts, r, 2) == cell(counts, r, 1) * 2 * 3 + 3 + 3 * 4 + 4);
}

TEST_CASE("reach: where it is zero, model by model") {
  const std::string text = "to be or not to be here";
  const std::size_t n = 7;
  const auto reached = [&](const Words& options) {
    const Trace trace = holding(with({"reach", text, "--dim", "8", "--model"}, options));
    has_shape(trace, "reach", {n, n});
    return step(trace, "reach").values();
  };
  const auto each = [&](const Array& reach, auto may) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        INFO("output ", i, ", input ", j);
        CHECK((reach.data()[i * n + j] > 0) == may(i, j));
      }
    }
  };
  const auto far = [](std::size_t i, std::size_t j) { return i > j ? i - j : j - i; };
  for (const char* model : {"rnn", "lstm", "gru"})
    each(reached({model}), [](std::size_t i, std::size_t j) { return j <= i; });
  for (const char* model : {"birnn", "attention"})
    each(reached({model}), [](std::size_t, std::size_t) { return true; });
  each(reached({"fc"}), [](std::size_t i, std::size_t j) { return i == j; });
  each(reached({"window", "--radius", "2"}),
       [&](std::size_t i, std::size_t j) { return far(i, j) <= 2; });
  each(reached({"cnn", "--layers", "2"}),
       [&](std::size_t i, std::size_t j) { return far(i, j) <= 2; });
  each(reached({"cnn", "--layers", "1", "--kernel", "5"}),
       [&](std::size_t i, std::size_t j) { return far(i, j) <= 2; });
  each(reached({"tcn", "--layers", "2", "--kernel", "2"}),
       [&](std::size_t i, std::size_t j) { return j <= i && i - j <= 3; });
}

TEST_CASE("reach: its claims hold for every model, text, width and seed, and it fades in an rnn") {
  for (const std::string& model : kModels) {
    for (const std::string& text : kTexts) {
      for (const char* dim : {"2", "3"}) {
        for (const char* seed : {"1", "2", "3"})
          holding({"reach", text, "--model", model, "--dim", dim, "--seed", seed});
      }
    }
  }
  const Table mean = table(holding({"reach", "--model", "rnn"}), "by_distance");
  CHECK(cell(mean, mean.rows.size() - 1, 1) < 0.1 * cell(mean, 1, 1));
  CHECK(cell(mean, 1, 2) == 0);
  const Table all =
      table(holding({"reach", "a b c d e f g h i j k l m n o p q r", "--dim", "2"}), "by_distance");
  CHECK(all.rows.size() == 18);  // no distance is left out
}

TEST_CASE("path: lengths counted on the graph, model by model") {
  const std::string text = "to be or not to be here";
  const std::size_t n = 7;
  const auto each = [&](const Words& options, auto length) {
    const Trace trace = holding(with({"path", text, "--dim", "4", "--model"}, options));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        INFO(options[0], ": output ", i, ", input ", j);
        CHECK(at(trace, "path", i, j) == double(length(i, j)));
      }
    }
  };
  using Place = std::size_t;
  const auto far = [](Place i, Place j) { return i > j ? i - j : j - i; };
  const auto up = [](Place a, Place b) { return std::max<Place>((a + b - 1) / b, 1); };
  for (const char* model : {"rnn", "lstm", "gru"})
    each({model}, [](Place i, Place j) { return i >= j ? i - j + 1 : 0; });
  each({"birnn"}, [&](Place i, Place j) { return far(i, j) + 1; });
  each({"attention"}, [](Place, Place) { return Place{1}; });
  each({"attention", "--layers", "3"}, [](Place, Place) { return Place{1}; });
  each({"fc"}, [](Place i, Place j) { return Place{i == j}; });
  each({"window", "--radius", "1"}, [&](Place i, Place j) { return Place{far(i, j) <= 1}; });
  each({"cnn", "--layers", "6"}, [&](Place i, Place j) { return up(far(i, j), 1); });
  each({"cnn", "--layers", "3", "--kernel", "5"},
       [&](Place i, Place j) { return up(far(i, j), 2); });
  each({"cnn", "--layers", "2"},
       [&](Place i, Place j) { return far(i, j) <= 2 ? up(far(i, j), 1) : 0; });
  each({"tcn", "--kernel", "2"}, [](Place i, Place j) {
    return i < j ? 0 : i - j <= 1 ? 1 : i - j <= 3 ? 2 : 3;
  });
}

TEST_CASE("path: its claims hold for every model, text and width, and the growth is as published") {
  for (const std::string& model : kModels) {
    for (const std::string& text : kTexts) {
      for (const char* dim : {"2", "3"}) holding({"path", text, "--model", model, "--dim", dim});
    }
  }
  const auto longest = [](const Words& options, std::size_t row) {
    return cell(table(holding(with({"path", "so be", "--dim", "4", "--model"}, options)), "growth"),
                row, 3);
  };
  for (std::size_t r = 0; r < 4; ++r) {
    const double n = 4 << r;
    CHECK(longest({"rnn"}, r) == n);
    CHECK(longest({"attention"}, r) == 1);
    CHECK(longest({"cnn", "--kernel", "5"}, r) == std::ceil((n - 1) / 2));
    CHECK(longest({"tcn", "--kernel", "3"}, r) == std::ceil(std::log2((n + 1) / 2)));
  }
}

TEST_CASE("backward: every gradient has its matrix's shape, and its claims hold") {
  const Trace trace = holding({"backward", "I saw a saw", "--dim", "6"});
  for (const char* name :
       {"output", "v", "weights", "scores", "q", "k", "x", "w_q", "w_k", "w_v"}) {
    has_shape(trace, "d_" + std::string(name), step(trace, name).shape());
  }
  CHECK(step(trace, "g").kind() == Tensor::Kind::input);
  CHECK(largest_difference(step(trace, "d_output").values(), step(trace, "g").values()) == 0);
  for (const std::string& text : kTexts) {
    for (const char* mask : {"none", "causal", "local:1", "padding:1"}) {
      for (const char* seed : {"1", "2", "3"})
        holding({"backward", text, "--mask", mask, "--dim", "3", "--seed", seed});
    }
  }
  holding(
      {"backward", "the the the", "--dim", "1"});  // equal keys: nothing comes through the scores
  // What is hidden gets no gradient through its score.
  const Trace causal = holding({"backward", "--mask", "causal"});
  for (std::size_t i = 0; i < 11; ++i) {
    for (std::size_t j = i + 1; j < 11; ++j) CHECK(at(causal, "d_scores", i, j) == 0);
  }
}

TEST_CASE("why: numbers of every sequence stage are explained by arithmetic that gives them") {
  const Words small = {"I saw a saw", "--dim", "2"};
  const auto explained = [&](const std::string& place, const Words& command, const char* part) {
    INFO(place, " of ", command[0]);
    CHECK(test::contains(why(place, with(command, small)), part));
  };
  explained("hidden[2,1]", {"rnn"}, "gates[2,1]");
  explained("gate.f[2,1]", {"rnn", "--cell", "lstm"}, "gates[2,3]");
  explained("cell[2,1]", {"rnn", "--cell", "lstm"}, "cell[1,1]");
  explained("gates[1,4]", {"rnn", "--cell", "gru"}, "tanh(");
  explained("output[1,3]", {"rnn", "--bidirectional"}, "backward.hidden[1,1]");
  explained("layer.1.output[2,0]", {"cnn"}, "max(");
  explained("tags[1,0]", {"fc"}, "exp(logits[1,0])");
  explained("windows[1,4]", {"window"}, "x[2,0]");
  explained("windows[0,0]", {"window"}, "beyond the end");
  explained("reach[3,0]", {"reach"}, "sqrt(");
  explained("output[3,0]", {"reach", "--model", "attention"}, "norm2.output");
  explained("path[3,0]", {"path"}, "x0 -> h0 -> h1 -> h2 -> h3");
  explained("path[0,3]", {"path"}, "no way leads");
  explained("hidden.edges[1,0]", {"path"}, "NaN");
  explained("loss[0]", {"backward"}, "output[0,0] * g[0,0]");
  explained("d_output[1,1]", {"backward"}, "g[1,1]");
  explained("d_v[1,1]", {"backward"}, "weights[0,1] * d_output[0,1]");
  explained("d_weights[1,0]", {"backward"}, "d_output[1,0] * v[0,0]");
  explained("d_scores[1,2]", {"backward"}, "weights[1,2] * (d_weights[1,2] - (");
  explained("d_q[1,0]", {"backward"}, "d_scores[1,0] * k[0,0]");
  explained("d_k[1,0]", {"backward"}, "d_scores[0,1] * q[0,0]");
  explained("d_w_q[1,0]", {"backward"}, "x[0,1] * d_q[0,0]");
  explained("d_x[3,1]", {"backward"}, "d_q[3,0] * w_q[1,0]");
}

TEST_CASE("sequence stages: bad options end with 2 and say what would do") {
  expect({"cnn", "--layers", "2", "--dilation", "1,2,4"}, 2,
         "--dilation has 3 numbers, --layers is 2");
  expect({"cnn", "--kernel", "0"}, 2, "from 1 to 1024");
  expect({"cnn", "--dilation", "0"}, 2, "from 1");
  expect({"cnn", "--dilation", "1,,2"}, 2, "not a whole number");
  expect({"rnn", "--cell", "ltsm"}, 2, "lstm");
  expect({"rnn", "--hidden", "-1"}, 2, "out of range");
  expect({"window", "--radius", "-1"}, 2, "out of range");
  expect({"fc", "--radius", "1"}, 2, "window");
  expect({"reach", "--model", "transformer"}, 2, "attention");
  expect({"reach", "--model", "rnn", "--heads", "2"}, 2, "it belongs to attention");
  expect({"path", "--model", "attention", "--kernel", "3"}, 2, "it belongs to cnn and tcn");
  expect({"reach", "--model", "attention", "--heads", "3"}, 2, "cannot be divided");
  expect({"reach", "--model", "birnn", "--dim", "1"}, 2, "--dim 2");
  expect({"rnn", ""}, 2, "empty");
}

TEST_CASE("sequence stages: what would take too long or too much ends with 5, at once") {
  std::string text = "a";
  for (int i = 0; i < 3000; ++i) text += " b";
  expect({"cnn", "--kernel", "1000", "--dim", "3000"}, 5, "limit");
  expect({"rnn", "--hidden", "100000"}, 5, "limit");
  expect({"window", "--radius", "1000", "--dim", "5000"}, 5, "limit");
  expect({"reach", "--model", "attention", "--dim", "4000"}, 5, "limit");
  for (const char* stage : {"reach", "path", "backward"}) expect({stage, text}, 5, "shorter text");
  for (const char* stage : {"rnn", "cnn", "fc", "window"}) expect({stage, text, "--dim", "4"}, 0);
}

TEST_CASE("sequence stages: a matrix, parameters from a file, and the same numbers again") {
  const test::Folder folder;
  const std::string x = folder.write("x.csv", "0.5,-1\n0.25,1\n-0.5,0\n");
  for (const Words& command : std::vector<Words>{{"rnn", "--bidirectional"},
                                                 {"cnn"},
                                                 {"fc"},
                                                 {"window"},
                                                 {"reach", "--model", "lstm"},
                                                 {"reach", "--model", "attention"},
                                                 {"path", "--model", "tcn"},
                                                 {"backward"}}) {
    const std::string weights = folder / (command[0] + command.back() + ".safetensors");
    const Words line = with(command, {"--input", x, "--seed", "7"});
    INFO(command[0]);
    expect(with(line, {"--save-weights", weights}), 0);
    const Trace random = holding(line),
                read = holding(with(command, {"--input", x, "--weights", weights}));
    REQUIRE(random.steps().size() == read.steps().size());
    for (std::size_t i = 0; i < random.steps().size(); ++i) {
      const std::string& path = random.steps()[i]->path;
      INFO("step ", path);
      if (path == "g" || path == "loss" || path.starts_with("d_")) continue;  // g is no parameter
      CHECK(largest_difference(random.steps()[i]->values(), read.steps()[i]->values()) == 0);
    }
  }
}
