// Exercises in C++ through the real program: stubs, solutions, mistakes with a name.
#include "app/exercise/exercises.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "app/frame/data.h"
#include "app/misconceptions.h"
#include "program/exercise.h"
#include "program/process.h"

using attn::app::Exercise;
using namespace attn::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// `text` with one part replaced, which must be there.
std::string with_change(std::string text, const std::string& part, const std::string& other) {
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), other);
}

/// The documents in the output of `exercise check --watch --json`, as far as they are whole.
std::vector<json> documents(const std::string& output) {
  std::vector<json> out;
  std::size_t begin = 0;
  for (std::size_t end = output.find("\n}\n"); end != std::string::npos;
       end = output.find("\n}\n", begin)) {
    out.push_back(json::parse(output.substr(begin, end + 2 - begin)));
    begin = end + 3;
  }
  return out;
}

/// Mistakes, at least one for each exercise: what stands in the solution, what in its place, and
/// its name (or a part of the sentence about it, or nothing).
struct Mistake {
  const char *exercise, *part, *other, *misconception;
};
constexpr Mistake kMistakes[] = {
    {"stable-softmax", "std::exp(scores(i, j) - largest)", "std::exp(scores(i, j))",
     "softmax-unstable"},
    {"masked-attention", "score / std::sqrt(double(q.columns))", "score", "scale-missing"},
    {"one-head", "double(w_k.columns)", "double(x.columns)", "scale-by-model"},
    {"split-and-merge", "x(i, h * d + j)", "x.numbers[(h * x.rows + i) * d + j]",
     "heads-reshape-only"},
    {"sinusoids", "2.0 * double(pair)", "double(pair)", "position-exponent"},
    {"layer-norm", "(x(i, j) - mean) / d", "(x(i, j) - mean) / (d - 1)", "norm-unbiased"},
    {"lstm-step", "std::tanh(gates[2 * h + j]), out = sigmoid(gates[3 * h + j])",
     "std::tanh(gates[3 * h + j]), out = sigmoid(gates[2 * h + j])", "lstm-gate-order"},
    {"convolution", "taps[std::size_t(j)]", "taps[std::size_t(k - 1 - j)]", "conv-flipped"},
    {"mlm-masking", "draws(i, 1) < 0.8", "draws(i, 1) < 2", "mlm-mask-only"},
    {"patches", "y / side * across + x / side", "x / side * down + y / side",
     "the patches are counted down the columns"},
    {"patches", "y % side * side + x % side", "x % side * side + y % side",
     "the pixels go down the columns"},
    {"patches", "result(patch, pixel * c + k)", "result(patch, k * side * side + pixel)",
     "all numbers of one channel come first"},
    {"patches",
     "down = (h + side - 1) / side, across = (w + side - 1) / side;\n"
     "  Matrix result(down * across, side * side * c);\n"
     "  for (std::size_t y = 0; y < h; ++y) {\n"
     "    for (std::size_t x = 0; x < w; ++x) {",
     "down = h / side, across = w / side;\n"
     "  Matrix result(down * across, side * side * c);\n"
     "  for (std::size_t y = 0; y < down * side; ++y) {\n"
     "    for (std::size_t x = 0; x < across * side; ++x) {",
     "the rest of the picture is lost"},
    {"edge-attention", "scores(i, j) : hidden", "scores(i, j) : 0", "mask-zero"},
    {"edge-attention", "seen(i, i) = 1", "seen(i, i) = 0", "self-missing"},
    {"edge-attention", "seen(j, i) = 1", "seen(i, j) = 1", "edge-one-way"},
    {"edge-attention",
     "    for (std::size_t j = 0; j < n; ++j) weights(i, j) /= sum;\n  }\n  return",
     "  }\n  for (std::size_t j = 0; j < n; ++j) {\n    double sum = 0;\n"
     "    for (std::size_t i = 0; i < n; ++i)\n"
     "      sum += weights(i, j) = seen(i, j) * std::exp(scores(i, j));\n"
     "    for (std::size_t i = 0; i < n; ++i) weights(i, j) /= sum;\n  }\n  return",
     "softmax-over-queries"},
    {"edge-attention", "const Matrix weights = edge_weights(scores, edges);",
     "Matrix weights = edge_weights(scores, edges), other = weights;\n"
     "  for (std::size_t i = 0; i < h.rows; ++i) {\n"
     "    for (std::size_t j = 0; j < h.rows; ++j) weights(i, j) = other(j, i);\n  }",
     "weights-transposed"},
    {"beam-step", "longer.log_probability += ", "longer.log_probability = ", ""},
};

/// The answer with this mistake loses points, and what names it names nothing else.
void check_named(const json& said, const Mistake& mistake) {
  CAPTURE(mistake.other);
  CHECK(said["score"] < said["max"]);
  std::set<std::string> named;
  std::string messages;
  for (const json& c : said["cases"]) {
    for (const json& id : c["misconceptions"]) named.insert(id);
    messages += c["message"].get<std::string>() + "\n";
  }
  const std::string wanted = mistake.misconception;
  if (contains(wanted, " ")) {
    CHECK(contains(messages, wanted));
    CHECK(named.empty());
  } else if (!wanted.empty()) {
    CHECK(named == std::set<std::string>{wanted});
  }
  for (const std::string& id : named) CHECK(attn::app::find_misconception(id) != nullptr);
}

}  // namespace

TEST_CASE("exercises: the program holds all of them, and no solution") {
  const std::vector<Exercise> held = attn::app::exercises(), there = attn::app::exercises(kLessons);
  CHECK(held.size() >= 10);
  REQUIRE(held.size() == there.size());
  std::set<std::string> names;
  for (std::size_t i = 0; i < held.size(); ++i) {
    CAPTURE(held[i].name);
    CHECK(names.insert(held[i].name).second);
    CHECK(held[i].test == there[i].test);
    CHECK(held[i].points == 10);
    CHECK(contains(held[i].stub, "TODO"));
    CHECK(contains(held[i].text, "By hand"));
    CHECK(contains(held[i].text, "\n3. "));
    CHECK(contains(held[i].text, "Source"));
  }
  for (const attn::app::DataFile& file : attn::app::data_files())
    CHECK_FALSE(contains(file.path, "solution"));
}

TEST_CASE("exercises: every stub fails, every solution passes, a mistake is named, while watched") {
  for (const Exercise& e : attn::app::exercises(kLessons)) {
    CAPTURE(e.name);
    const std::string solution = solution_of(e);
    std::vector<Mistake> mistakes;
    std::vector<std::string> answers = {e.stub, solution};
    for (const Mistake& m : kMistakes) {
      if (m.exercise != e.name) continue;
      mistakes.push_back(m);
      answers.push_back(with_change(solution, m.part, m.other));
    }
    REQUIRE_FALSE(mistakes.empty());
    const Folder folder;
    const std::string file = folder.write("answer.cpp", answer_to(e.name, answers[0]));
    const std::string out = folder / "out", temporary = folder / "tmp";
    fs::create_directory(temporary);
    Running program(Launch{.arguments = {"exercise", "check", file, "--watch", "--json"},
                           .environment = {{"TMPDIR", temporary}},
                           .seconds = 240,
                           .output_file = out});
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (i > 0) fs::rename(folder.write("next", answer_to(e.name, answers[i])), file);
      REQUIRE(program.wait_until([&] { return documents(Folder::read(out)).size() > i; }));
    }
    program.send(SIGINT);
    const Result result = program.finish();
    CHECK(result.exit_code == 1);  // of the last check
    CHECK(fs::is_empty(temporary));

    const std::vector<json> said = documents(Folder::read(out));
    REQUIRE(said.size() >= answers.size());
    for (const json& document : said) {
      INFO(document.dump(2));
      CHECK(document["compiled"] == true);
      CHECK(document["compiler"] == "");
      for (const json& c : document["cases"])
        CHECK((c["status"] == "right" || c["status"] == "wrong"));
    }
    CHECK(said[0]["score"] <= 2);
    CHECK(said[1]["score"] == said[1]["max"]);
    for (std::size_t i = 0; i < mistakes.size(); ++i) check_named(said[i + 2], mistakes[i]);
  }
}

TEST_CASE("exercises: what is watched is shown as the options ask") {
  const Exercise first = attn::app::exercises(kLessons)[0];
  const Folder folder;
  const std::string file = folder.write("answer.cpp", answer_to(first.name, first.stub));
  const std::string out = folder / "out";
  Running program(Launch{.arguments = {"exercise", "check", file, "--watch", "--quiet"},
                         .seconds = 120,
                         .output_file = out});
  REQUIRE(program.wait_until([&] { return contains(Folder::read(out), "Watching "); }));
  program.send(SIGINT);
  CHECK(program.finish().exit_code == 1);
  const std::string said = Folder::read(out);
  CHECK(contains(said, "points"));
  CHECK_FALSE(contains(said, "First to fail"));
}

TEST_CASE("exercises: an answer that does not compile says what the compiler says") {
  const Folder folder;
  const std::string file =
      folder.write("answer.cpp", answer_to("layer-norm",
                                           "#include \"exercise.h\"\nint main() { }\n"
                                           "Matrix nothing() { return Matrix() }\n"));
  const Result r =
      expect(Launch{.arguments = {"exercise", "check", file, "--plain"}, .seconds = 120}, 1,
             "answer.cpp:4:");
  CHECK(contains(r.out, "does not compile"));
  CHECK(contains(r.out, "0 of 10 points"));
  for (const std::string& line : lines(r.out)) CHECK(line.size() <= 80);
}

TEST_CASE("exercise start makes a folder, and never touches what is there") {
  const Folder folder;
  const std::string place = folder / "mine";
  expect({"exercise", "start", "layer-norm", "--out", place}, 0, "new");
  const std::string stub = Folder::read(place + "/answer.cpp");
  CHECK(stub.starts_with("// attn exercise layer-norm:"));
  for (const char* name : {"exercise.md", "exercise.h", "matrix.h"})
    CHECK_FALSE(Folder::read(place + "/" + name).empty());
  fs::rename(folder.write("mine.cpp", "my work"), place + "/answer.cpp");
  fs::remove(place + "/matrix.h");
  expect({"exercise", "start", "layer-norm", "--out", place}, 0, "was there");
  CHECK(Folder::read(place + "/answer.cpp") == "my work");
  CHECK_FALSE(Folder::read(place + "/matrix.h").empty());
  expect({"exercise", "start", "layer-norm", "--out", "/dev/null/x"}, 4, "/dev/null is no folder");
}

TEST_CASE(
    "exercises: hints come one at a time, and the list knows what is solved and what is next") {
  const Folder home;
  const auto at_home = [&](const Words& words) {
    return expect(Launch{.arguments = words,
                         .environment = {{"HOME", home.path()}, {"XDG_DATA_HOME", ""}},
                         .seconds = 120},
                  0)
        .out;
  };
  for (int i = 1; i <= 3; ++i) {
    const std::string said = at_home({"exercise", "hint", "layer-norm"});
    CHECK(contains(said, "Hint " + std::to_string(i) + " of 3:"));
    CHECK(contains(said, "That was the last hint.") == (i == 3));
    CHECK_FALSE(contains(said, "Hint " + std::to_string(i + 1) + " of 3:"));
  }
  CHECK(contains(at_home({"exercise", "hint", "layer-norm"}), "Hint 1 of 3:"));  // again, all
  CHECK_FALSE(contains(at_home({"exercise", "list"}), "solved"));
  const Exercise first = attn::app::exercises()[0];
  CHECK(contains(at_home({"exercise", "list"}), "Next: attn exercise start " + first.name));
  const Folder folder;
  const std::string file = folder.write("answer.cpp", answer_to(first.name, solution_of(first)));
  const std::string solved = at_home({"exercise", "check", file});
  CHECK(contains(solved, "Next: attn exercise start " + attn::app::exercises()[1].name));
  CHECK(contains(at_home({"exercise", "list"}), "solved"));
}

TEST_CASE(
    "exercises: a wrong answer is shown beside what is right, and an int index is no warning") {
  const Folder folder;
  const std::string code =
      "#include \"exercise.h\"\nMatrix softmax(const Matrix& s) {\n  Matrix m = s;\n"
      "  for (int i = 0; i < m.rows; ++i) m(i, 0) = 7;\n  return m;\n}\n";
  const std::string file = folder.write("answer.cpp", answer_to("stable-softmax", code));
  const Result r = expect(Launch{.arguments = {"exercise", "check", file}, .seconds = 120}, 1);
  for (const char* part : {"Your function was called with:\n\nscores:\n", "It gave:", "Right is:"})
    CHECK(contains(r.out, part));
  CHECK_FALSE(contains(r.out, "warn"));
}

TEST_CASE("exercise commands say what is wrong with their arguments") {
  const Folder folder;
  expect({"exercise", "start"}, 2, "one exercise");
  expect({"exercise", "start", "layer-nrom"}, 2, "did you mean layer-norm");
  expect({"exercise", "check", folder.path()}, 4, "answer.cpp");
  expect({"exercise", "check", "a", "b"}, 2, "one folder");
  expect({"exercise", "check", folder.write("empty.cpp", "")}, 3, "line 1");
  expect({"exercise", "check", folder.write("a.cpp", answer_to("no-such", ""))}, 2, "no-such");
  expect({"exercise", "check", folder.write("b.cpp", std::string(2 << 20, ' '))}, 5);
  expect({"exercise", "check", "/dev/zero"}, 3);
  expect({"exercise", "list", "--from", folder / "none"}, 4, "folder of lessons");
  fs::create_directories(folder / "l/01-a/exercises/half");
  folder.write("l/01-a/exercises/half/exercise.md", "# Half\n");
  expect({"exercise", "list", "--from", folder / "l"}, 3, "there is no exercise.h");
  const Result list = expect({"exercise", "list"}, 0, "stable-softmax");
  for (const std::string& line : lines(list.out)) CHECK(line.size() <= 80);
}
