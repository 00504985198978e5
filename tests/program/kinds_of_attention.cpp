// Attention beyond words: over pictures, along the edges of a graph, and the Conformer's block.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "program/process.h"
#include "program/traces.h"

using namespace attn;
using namespace attn::test;

namespace {

const Words kKinds = {"channel", "spatial",         "temporal",        "branch",
                      "self",    "channel+spatial", "spatial+channel", "spatial+temporal"};

const Array& values(const Trace& trace, const std::string& path) {
  return step(trace, path).values();
}

const Table& table(const Trace& trace, const std::string& name) {
  for (const Item& item : trace.items) {
    const auto* found = std::get_if<Table>(&item);
    if (found && found->name == name) return *found;
  }
  FAIL("no table " << name);
  throw Error(ErrorKind::internal, "unreachable");
}

/// What is said before all numbers: the result.
std::string first_remark(const Trace& trace) {
  const auto* remark = trace.items.empty() ? nullptr : std::get_if<Remark>(&trace.items[0]);
  return remark ? remark->text : "";
}

}  // namespace

TEST_CASE("feature-map: every kind, over pictures of every size; the result stands first") {
  const Folder folder;
  const Words pictures[] = {
      {},
      {"--input", folder.write("one.csv", "0.5\n")},
      {"--input", folder.write("row.csv", "0,1,0,1,0\n")},
      {"--input", folder.write("column.csv", "0\n1\n0.25\n")},
      {"--input", folder.write("black.csv", "0,0\n0,0\n")},
  };
  for (const Words& picture : pictures) {
    for (const std::string& kind : kKinds) {
      for (const char* dim : {"1", "8"}) {
        Words line = with({"feature-map", "--attend", kind, "--dim", dim}, picture);
        const bool reduces = !contains(kind, "temporal") && kind != "spatial";
        if (reduces) line = with(line, {"--reduction", "1"});
        const Trace trace = holding(line);
        CHECK(contains(first_remark(trace), "one weight per"));
        CHECK(values(trace, "output").size() > 0);
        CHECK(trace.find("output")->shape() == trace.find("x")->shape());
      }
    }
  }
}

TEST_CASE("feature-map: which numbers share a weight") {
  const Trace channel = holding({"feature-map"}),
              spatial = holding({"feature-map", "--attend", "spatial"}),
              temporal = holding({"feature-map", "--attend", "temporal"}),
              branch = holding({"feature-map", "--attend", "branch"}),
              self = holding({"feature-map", "--attend", "self"});
  has_shape(channel, "x", {8, 8, 8});
  has_shape(channel, "channel.w_1", {8, 4});
  has_shape(channel, "channel.weights", {8});
  has_shape(spatial, "spatial.pooled", {8, 8, 2});
  has_shape(spatial, "spatial.weights", {8, 8});
  has_shape(temporal, "x", {4, 8, 8, 8});
  has_shape(temporal, "temporal.weights", {4});
  has_shape(branch, "branch.weights", {2, 8});
  has_shape(self, "self.weights", {64, 64});
  has_shape(self, "self.gamma", {});
  // Half of a channel's numbers is half of its output, whatever the others are.
  const Array &x = values(channel, "x"), &s = values(channel, "channel.weights"),
              &y = values(channel, "channel.output");
  for (std::size_t i = 0; i < x.size(); ++i)
    CHECK(y.data()[i] == doctest::Approx(double{x.data()[i]} * s.data()[i % 8]));
  CHECK(contains(first_remark(channel), "8 in all, the same at every place"));
  CHECK(contains(first_remark(spatial), "64 in all, the same for every channel"));
}

TEST_CASE("feature-map: with gamma 0 the output is x itself, with another it is not") {
  for (const char* gamma : {"0", "0.5", "-2"}) {
    const Trace trace = holding({"feature-map", "--attend", "self", "--gamma", gamma});
    const real difference = largest_difference(values(trace, "x"), values(trace, "self.output"));
    CHECK((difference == 0) == (std::string(gamma) == "0"));
    CHECK(values(trace, "self.gamma").data()[0] == doctest::Approx(std::stod(gamma)));
  }
}

TEST_CASE("feature-map: the order of two kinds matters, and the table says how much") {
  const Trace one = holding({"feature-map", "--attend", "channel+spatial"}),
              other = holding({"feature-map", "--attend", "spatial+channel"});
  const double difference = largest_difference(values(one, "output"), values(other, "output"));
  CHECK(difference > 1e-3);
  CHECK(std::get<double>(table(one, "orders").rows[1][2]) == doctest::Approx(difference));
  CHECK(std::get<double>(table(other, "orders").rows[1][2]) == doctest::Approx(difference));
  // The kind that comes first reads x, in both.
  CHECK(largest_difference(values(one, "channel.weights"), values(other, "channel.weights")) > 0);
}

TEST_CASE("feature-map: the kinds side by side, by their arithmetic") {
  const Table kinds = table(holding({"feature-map", "--attend", "spatial"}), "kinds");
  REQUIRE(kinds.rows.size() == 5);
  const auto number = [&](std::size_t row, std::size_t column) {
    return std::get<double>(kinds.rows[row][column]);
  };
  CHECK(number(0, 2) == 8);        // one per channel
  CHECK(number(1, 2) == 64);       // one per place
  CHECK(number(2, 2) == 4);        // one per frame
  CHECK(number(3, 2) == 16);       // two per channel
  CHECK(number(4, 2) == 64 * 64);  // one per pair
  CHECK(number(0, 3) == 8 * 4 + 4 * 8);
  CHECK(number(1, 3) == 7 * 7 * 2);
  CHECK(number(4, 3) == 2 * 8 * 4 + 8 * 8 + 1);
}

TEST_CASE("feature-map: what does not fit is refused with a sentence") {
  const std::pair<Words, const char*> rows[] = {
      {{"feature-map", "a cat"}, "reads a picture"},
      {{"feature-map", "--position", "learned"}, "rows and columns"},
      {{"feature-map", "--attend", "spatal"}, "did you mean spatial?"},
      {{"feature-map", "--reduction", "9"}, "--reduction 9 leaves none of 8 channels"},
      {{"feature-map", "--attend", "spatial", "--reduction", "2"}, "only channel, branch and self"},
      {{"feature-map", "--gamma", "1"}, "only self"},
      {{"feature-map", "--attend", "self", "--gamma", "nan"}, "--gamma"},
  };
  for (const auto& [words, text] : rows) expect(words, 2, text);
  const Folder folder;
  expect({"feature-map", "--input", folder.write("empty.csv", "")}, 3, "empty.csv");
  const Words large = {"feature-map", "--attend", "self", "--memory-limit", "1", "--input"};
  std::string wide;
  for (int i = 0; i < 40'000; ++i) wide += i == 0 ? "0" : ",0";
  expect(with(large, {folder.write("wide.csv", wide + "\n")}), 5, "1 x 40000 places");
}

TEST_CASE("graph: a missing edge has no weight, and as a score of 0 it would have one") {
  const Trace trace = holding({"graph"});
  const Array &edges = values(trace, "edges"), &weights = values(trace, "weights"),
              &zero = values(trace, "zero.weights");
  double leak = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    if (i / 6 == i % 6 || edges.data()[i] == 1) continue;
    CHECK(weights.data()[i] == 0);
    CHECK(zero.data()[i] > 0.01);
    leak += zero.data()[i];
  }
  CHECK(contains(first_remark(trace), fmt::format("{:.0f} % of all weight", 100 * leak / 6)));
  double listed = 0;
  for (const auto& row : table(trace, "neighbours").rows) listed += std::get<double>(row[4]);
  CHECK(listed == doctest::Approx(leak));
}

TEST_CASE("graph: edges both ways, one way, to oneself and twice") {
  const Trace trace = holding({"graph", "a b c d", "--edges", "a-b  A-b, b>c d-d c>b"});
  const Array& edges = values(trace, "edges");
  const Array expected = matrix({{0, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  CHECK(largest_difference(edges, expected) == 0);
  std::string said;
  for (const Item& item : trace.items)
    if (const auto* remark = std::get_if<Remark>(&item)) said += remark->text + "\n";
  CHECK(contains(said, "d-d joins a node with itself"));
  CHECK(contains(said, "a-b stands there twice"));
  // c is alone but for what it looks at; nobody looks at what has no edge.
  const Trace alone = holding({"graph", "a b", "--edges", " "});
  CHECK(largest_difference(values(alone, "weights"), matrix({{1, 0}, {0, 1}})) == 0);
}

TEST_CASE("graph: a text without edges is a chain, and equal words are two nodes") {
  const Trace trace = holding({"graph", "to be or not to be"});
  CHECK(values(trace, "edges")(0, 1) == 1);
  CHECK(values(trace, "edges")(0, 4) == 0);
  const Trace whole = holding({"graph", "a b", "--edges", "a-b"});
  CHECK_FALSE(contains(first_remark(whole), "no neighbours"));  // there is none
  holding({"graph", "saw"});
}

TEST_CASE("graph: what is no edge is refused with what there is") {
  const std::pair<Words, const char*> rows[] = {
      {{"graph", "--edges", "anna-bem"}, "did you mean ben?"},
      {{"graph", "--edges", "anna-xaver"}, "the nodes are anna, ben"},
      {{"graph", "--edges", "anna"}, "\"anna\" is no edge"},
      {{"graph", "--edges", "anna-"}, "is no edge"},
      {{"graph", "--edges", "-"}, "is no edge"},
      {{"graph", "--edges", "anna>"}, "is no edge"},
      {{"graph", "a b a", "--edges", "a-b"}, "two nodes are called \"a\""},
      {{"graph", "--position", "sinusoidal"}, "nodes have no order"},
      {{"graph", "--edges", "\xff-ben"}, "UTF-8"},
  };
  for (const auto& [words, text] : rows) expect(words, 2, text);
}

TEST_CASE("conformer: the block keeps the contract's steps, whatever its kernel and text") {
  for (const char* text : {"saw", "I saw a saw"}) {
    for (const char* kernel : {"1", "2", "3", "31"}) {
      const Trace trace =
          holding({"encoder", "--block", "conformer", "--kernel", kernel, "--layers", "1", text});
      for (const char* path :
           {"ffn1.output", "attention.output", "conv.w_1", "conv.gate", "conv.depthwise",
            "conv.norm", "conv.w_2", "conv.output", "ffn2.output", "norm.output", "output"})
        CHECK(trace.find(std::string("layer.0.") + path) != nullptr);
      CHECK(largest_difference(values(trace, "output"), values(trace, "layer.0.output")) == 0);
    }
  }
}

TEST_CASE("conformer: options that do not fit are refused with a sentence") {
  const Words block = {"encoder", "--block", "conformer"};
  for (const char* option :
       {"--no-residual", "--no-norm", "--no-scale", "--no-position", "--share-layers"}) {
    expect(with(block, {option}), 2, fmt::format("{} with --block conformer", option));
  }
  expect(with(block, {"--norm", "pre"}), 2, "a norm before each part");
  expect(with(block, {"--mask", "causal"}), 2, "whatever the mask hides");
  expect({"encoder", "--kernel", "5"}, 2, "--kernel without --block conformer");
  expect(with(block, {"--heads", "3"}), 2, "3");
}

TEST_CASE(
    "feature-map: a large picture is drawn within 80 columns, and a place without number shows") {
  const Folder folder;
  std::string rows;
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 200; ++j)
      rows += fmt::format("{}{}", j == 0 ? "" : ",", (i / 9 + j / 17) % 2);
    rows += "\n";
  }
  const std::string large = folder.write("large.csv", rows),
                    broken = folder.write("broken.csv", "0,nan\n1,0\n");
  for (const char* kind : {"spatial", "temporal"}) {
    const Trace trace = holding({"feature-map", "--attend", kind, "--input", large, "--dim", "2"});
    std::size_t drawn = 0;
    for (const Item& item : trace.items) {
      const auto* drawing = std::get_if<Verbatim>(&item);
      if (!drawing) continue;
      for (const std::string& line : lines(drawing->text)) {
        CHECK(line.size() <= 80);
        ++drawn;
      }
    }
    CHECK(drawn > 10);
    CHECK(drawn < 70);
  }
  expect({"feature-map", "--input", broken}, 0, "?");
}
