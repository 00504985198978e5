// Matrices from files and from the command line, through every stage that takes one.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

/// Each stage that takes --input, as it is called for one token and one column as well as for many.
const std::vector<Words> kStages = {
    {"position"},
    {"position", "--kind", "learned"},
    {"qkv"},
    {"score"},
    {"softmax", "--function", "all"},
    {"mask"},
    {"attend"},
    {"heads", "--heads", "1"},
    {"rnn", "--cell", "lstm"},
    {"rnn", "--cell", "gru"},
    {"cnn"},
};

/// An NPY file, version 1, of little-endian floats.
std::string npy(const std::string& shape, const std::string& data,
                const std::string& type = "<f4") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.append(63 - (10 + header.size()) % 64, ' ') += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header + data;
}

std::string row_of(std::size_t n, const std::string& separator) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i)
    text += (i ? separator : "") + std::to_string(double(i * 37 % 101) / 50 - 1);
  return text + "\n";
}

/// The words "nan", "inf" and "-inf" that stand for numbers anywhere in a document's values.
std::size_t not_finite(const json& values) {
  if (values.is_string()) return 1;
  std::size_t count = 0;
  if (values.is_array()) {
    for (const json& value : values) count += not_finite(value);
  }
  return count;
}

/// How many values of "value" steps are not finite, masks apart: they are -inf on purpose.
std::size_t broken(const json& document) {
  std::size_t count = 0;
  for (const json& step : document["steps"]) {
    const std::string path = step["path"];
    if (path != "mask" && path != "masked") count += not_finite(step["values"]);
  }
  return count;
}

const json& values(const json& document, const std::string& path) {
  for (const json& step : document["steps"]) {
    if (step["path"] == path) return step["values"];
  }
  FAIL("no step " << path);
  return document;
}

}  // namespace

TEST_CASE("a matrix without rows, columns or numbers is refused by every stage") {
  const Folder folder;
  const Words files = {folder.write("rows.npy", npy("(0, 4)", "")),
                       folder.write("columns.npy", npy("(4, 0)", "")),
                       folder.write("none.npy", npy("(0,)", "")), folder.write("empty.csv", ""),
                       folder.write("blank.csv", "\n\n")};
  for (const Words& stage : kStages) {
    for (const std::string& file : files) expect(with(stage, {"--input", file}), 3, file);
  }
  expect({"softmax", files[0]}, 3, "at least one row and one column");
}

TEST_CASE("one number, one row and one column go through every stage") {
  const Folder folder;
  const std::string one = folder.write("one.csv", "0.5\n"),
                    row = folder.write("row.csv", row_of(100, ",")),
                    column = folder.write("column.csv", row_of(100, "\n"));
  for (const Words& stage : kStages) {
    for (const std::string& file : {one, row, column})
      CHECK(broken(trace_of(with(stage, {"--input", file}))) == 0);
  }
}

TEST_CASE("ten thousand columns are shown in parts, or refused before anything is allocated") {
  const Folder folder;
  const std::string wide = folder.write("wide.csv", row_of(10'000, ","));
  const Result r = expect({"softmax", "--input", wide}, 0, "weights");
  CHECK(r.out.size() < 20'000);
  // A matrix of parameters would be 10 000 x 10 000, 400 MB.
  for (const char* stage : {"position", "qkv", "score", "mask", "attend", "heads"}) {
    CHECK(expect(Launch{.arguments = {stage, "--input", wide}, .seconds = 10}, 5, "(10000, 10000)")
              .seconds < 3);
  }
}

TEST_CASE("ten thousand rows go through what needs no square of them") {
  const Folder folder;
  const std::string tall = folder.write("tall.csv", row_of(10'000, "\n"));
  for (const char* stage : {"position", "qkv", "softmax"}) {
    const Result r = expect({stage, "--input", tall}, 0);
    CHECK(r.seconds < 4);
    CHECK(r.out.size() < 100'000);
  }
}

TEST_CASE("finite numbers of ordinary size never give nan or infinity") {
  const Folder folder;
  const std::pair<const char*, const char*> files[] = {
      {"minus zero", "-0,-0\n0,-0\n"},
      {"subnormal", "1e-40,1e-42\n1e-45,-1e-40\n"},
      {"all equal", "2,2\n2,2\n2,2\n"},
      {"zeros", "0,0\n0,0\n"},
      {"tiny", "1e-38,-1e-38\n1e-38,1e-38\n"},
      {"scores of 1e4", "10000,-10000\n9999,10000\n"},
      {"large beside small", "1e4,1e-38\n1e-38,-1e4\n"},
  };
  for (const auto& [name, text] : files) {
    CAPTURE(std::string(name));
    const std::string file = folder.write("x.csv", text);
    for (const Words& stage : kStages) {
      CAPTURE(stage[0]);
      CHECK(broken(trace_of(with(stage, {"--input", file}))) == 0);
    }
  }
}

TEST_CASE("numbers that are not finite or overflow are carried through without a crash") {
  const Folder folder;
  for (const char* text :
       {"nan,1\n2,3\n", "inf,1\n2,3\n", "-inf,1\n2,3\n", "-inf,-inf\n1,2\n", "nan,nan\nnan,nan\n",
        "inf,-inf\n-inf,inf\n", "1e38,1e-38\n1e-38,1e38\n", "3e38,3e38\n3e38,-3e38\n"}) {
    const std::string file = folder.write("x.csv", text);
    for (const Words& stage : kStages) {
      for (const char* form : {"--json", "--plain", "--quiet", "--color=always"}) {
        const Result r = run(with(stage, {"--input", file, form}));
        INFO(r.describe());
        CHECK(r.exit_code == 0);  // numbers that are not finite are data, no failed claim
        if (std::string_view(form) == "--json") CHECK(json::accept(r.out));
      }
    }
  }
}

TEST_CASE("scores that are not finite are pointed out by every stage that shows scores") {
  const Folder folder;
  const std::string file = folder.write("x.csv", "3e38,3e38\n3e38,-3e38\n"),
                    fine = folder.write("y.csv", "1,2\n3,4\n");
  for (const Words& stage : {Words{"softmax"}, Words{"attend"}, Words{"heads", "--heads", "1"},
                             Words{"score"}, Words{"mask"}}) {
    if (stage[0] != "softmax")
      expect(with(stage, {"--input", file}), 0, "of the scores are infinite or not a number");
    CHECK_FALSE(contains(run(with(stage, {"--input", fine})).out, "not a number"));
  }
  expect({"softmax", "1 inf nan"}, 0, "2 of the scores are infinite or not a number");
  const std::string one = folder.write("z.csv", "nan,1\n2,3\n");
  expect({"mask", "--input", one}, 0, "are not compared in 2 of 2 rows");
}

TEST_CASE("the softmax is stable, and the naive one shows its overflow") {
  const json large = trace_of({"softmax", "--naive", "10000 9999 -10000"});
  CHECK(values(large, "weights")[0][0].get<double>() == doctest::Approx(1 / (1 + std::exp(-1.0))));
  CHECK(values(large, "weights")[0][2] == 0);
  CHECK(values(large, "naive.weights")[0][0] == "nan");
  expect({"softmax", "--naive", "100 99 98"}, 0, "inf / inf is nan");
  CHECK(broken(trace_of({"softmax", "--naive", "3 2 1"})) == 0);
  const json extreme = trace_of({"softmax", "--function", "all", "1e38 1e-38 -1e38"});
  CHECK(values(extreme, "weights")[0] == json({1, 0, 0}));
  CHECK(broken(extreme) == 0);
  CHECK(values(trace_of({"softmax", "--temperature", "0.000001", "1 2"}), "weights")[0] ==
        json({0, 1}));
}

TEST_CASE("softmax: a temperature that makes scores overflow leaves weights finite and right") {
  for (const Words& words :
       {Words{"softmax", "1e38 1", "--temperature", "1e-6"},
        {"softmax", "1e38 -1e38", "--temperature", "1e-30"},
        {"softmax", "1e38 1", "--temperature", "1e-6", "--function", "sparsemax"},
        {"softmax", "1e38 1", "--temperature", "1e-6", "--function", "hardmax"}}) {
    const json trace = trace_of(words);
    CHECK(broken(trace) == 0);
    CHECK(values(trace, "weights")[0] == json({1, 0}));
  }
  const json columns =
      trace_of({"softmax", "1e38 1; 2 1e38", "--temperature", "1e-6", "--axis", "column"});
  CHECK(values(columns, "weights") == json({{1, 0}, {0, 1}}));
  const json equal = trace_of({"softmax", "3e38 3e38 1", "--temperature", "1e-3"});
  CHECK(values(equal, "weights")[0] == json({0.5, 0.5, 0}));
  const json hidden = trace_of({"softmax", "1e38 -inf 1e38", "--temperature", "1e-6"});
  CHECK(values(hidden, "weights")[0] == json({0.5, 0, 0.5}));
  for (const char* place : {"weights[0,1]", "scaled[0,1]"})
    expect({"why", place, "softmax", "1e38 1", "--temperature", "1e-6"}, 0, "the largest");
  // Where nothing overflows the step stays what its name says.
  CHECK(values(trace_of({"softmax", "2 1", "--temperature", "0.5"}), "scaled")[0] == json({4, 2}));
}

TEST_CASE("finite numbers that overflow: a sentence says where that happened first") {
  const Folder folder;
  const std::string big = folder.write("big.csv", "1e38,2e38\n3e38,1e38\n");
  for (const Words& words : {Words{"attend"}, {"norm"}, {"encoder"}, {"backward"}, {"heads"}}) {
    INFO(words[0]);
    const Result r = expect(with(words, {"--input", big}), 0, "All that was given is finite");
    CHECK(r.out.find("All that was given") == r.out.rfind("All that was given"));
  }
  CHECK(contains(expect({"attend", "--input", big}, 0).out, "numbers of q"));
  const std::string small = folder.write("small.csv", "1,2\n3,1\n");
  for (const char* command : {"attend", "mask", "decoder", "softmax"})
    CHECK_FALSE(contains(expect({command}, 0).out, "All that was given"));
  CHECK_FALSE(contains(expect({"attend", "--input", small}, 0).out, "All that was given"));
}

TEST_CASE("a hidden score has weight 0, and a row with nothing to see is all 0") {
  const json some = trace_of({"softmax", "  -inf 0 0; -inf -inf -inf"});
  CHECK(values(some, "weights")[0] == json({0, 0.5, 0.5}));
  CHECK(values(some, "weights")[1] == json({0, 0, 0}));
  for (const Words& stage : {Words{"attend"}, Words{"heads", "--heads", "1"}, Words{"mask"}}) {
    const json all = trace_of(with(stage, {"one two three", "--mask", "padding:3"}));
    CAPTURE(stage[0]);
    CHECK(broken(all) == 0);
    CHECK(contains(values(all, "weights").dump(), "[0,0,0]") == true);
  }
  expect({"softmax", "--", "-inf -inf"}, 0, "weights");
}

TEST_CASE("numbers on the command line are read as a matrix or refused with the place") {
  CHECK(values(trace_of({"softmax", "1 2; 3,4"}), "scores") == json({{1, 2}, {3, 4}}));
  CHECK(values(trace_of({"softmax", "-1", "2"}), "scores") == json({{-1, 2}}));
  const std::pair<const char*, const char*> rows[] = {
      {"a b", "row 1, column 1"}, {"a b", "a semicolon after a row"},
      {"1 2; 3", "row 2"},        {"1e400", "1e400"},
      {"1;;2", "blank row"},      {"1 0x2", "column 2"},
      {"\x1b[2J", "\\x1B[2J"},    {"1 2 --3", "column 3"},
  };
  for (const auto& [numbers, place] : rows) expect({"softmax", numbers}, 3, place);
  expect({"softmax", "missing.csv"}, 4, "cannot open missing.csv");
}

TEST_CASE("a file that is no matrix is refused with its place and the way out") {
  const Folder folder;
  const auto refused = [&](const std::string& name, const std::string& bytes,
                           const std::string& text) {
    expect({"attend", "--input", folder.write(name, bytes)}, 3, text);
  };
  refused("ragged.csv", "1,2\n3\n", "row 2");
  refused("word.csv", "1,2\n3,x\n", "row 2, column 2");
  refused("header.csv", "a,b\n1,2\n", "remove it");
  refused("german.csv", "1;2\n3;4\n", "not semicolons");
  refused("comma.csv", "1,,2\n", "an empty cell");
  refused("nul.csv", std::string("1,\0\n", 4), "no plain text");
  refused("escape.csv", "1,\x1b[31m\n", "\\x1B[31m");
  refused("cut.npy", npy("(2, 2)", "abcd"), "");
  refused("long.npy", npy("(1, 1)", "abcdefgh"), "");
  refused("huge.npy", npy("(4294967296, 4294967296, 4)", ""), "");
  refused("object.npy", npy("(1, 1)", "abcdefgh", "|O"), "");
  refused("cube.npy", npy("(1, 1, 1)", "abcd"), "shape (1, 1, 1)");
  refused("none.npy", "", "");
  refused("matrix.txt", "1,2\n", "ending in .npy or .csv");
  refused("evil\x1b[31m\n.csv", "x\n", "evil\\x1B[31m\\x0A.csv");
  expect({"attend", "--input", folder.path()}, 3, "");
  expect({"attend", "--input", folder / "missing.csv"}, 4, "cannot open");
  expect({"attend", "--input", "/dev/zero"}, 3, "");
  expect(Launch{.arguments = {"attend", "--input", "-"}, .input = "1,2\n3,4\n"}, 0, "weights");
  expect(Launch{.arguments = {"attend", "--input", "-"}, .input = ""}, 3, "standard input");
  expect({"attend", "--input",
          folder.write("bom.csv",
                       "\xef\xbb\xbf"
                       "1,2\r\n3,4\r\n")},
         0, "weights");
  expect({"attend", "--input", folder.write("float.npy", npy("(1, 2)", std::string(8, '\0')))}, 0,
         "weights");
}

TEST_CASE("queries and keys of different widths are compared where that has a meaning") {
  const Folder folder;
  const std::string q = folder.write("q.csv", "1,2\n3,4\n"), k = folder.write("k.csv", "1,2,3\n");
  expect({"score", "--query", q, "--key", k}, 0, "is left out");
  expect({"score", "--query", q, "--key", k, "--function", "general"}, 0, "general.scores");
  for (const char* function : {"dot", "scaled", "cosine"}) {
    const Result r = run({"score", "--query", q, "--key", k, "--function", function});
    INFO(r.describe());
    CHECK((r.exit_code == 2 || r.exit_code == 3));
    CHECK(r.out.empty());
  }
}
