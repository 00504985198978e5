// Which exercises there are, and how a result is told to people and to programs.
#include "app/exercise/report.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/exercise/argument_names.h"
#include "app/misconceptions.h"
#include "attn/io/file.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using io_test::check_bad;
using io_test::check_error;
using io_test::Folder;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// The files of an exercise, but for one.
void make_exercise(const std::string& path, const std::string& without = "") {
  const std::pair<const char*, const char*> kFiles[] = {
      {"exercise.md", "# A title\n\nDo it.\n"},
      {"exercise.h", "int f();\n"},
      {"stub.cpp", "int f() { return 0; }\n"},
      {"test.cpp", "CASE(\"a\" * points(2)) {}\nCASE(\"b\" * points(13)) {}\n"},
      {"solution.cpp", "int f() { return 1; }\n"}};
  for (const auto& [name, text] : kFiles) {
    if (name != without) write(path + "/" + name, text);
  }
}

CheckResult sample() {
  CheckResult r;
  r.exercise = "one-head";
  r.lesson = "05-attention";
  r.compiled = true;
  r.cases = {{"shapes", 2, 2, "right", "", {}, ""},
             {"numbers", 0, 5, "wrong", "row 1 is 3, not 4", {"scale-missing"}, "hello\nworld\n"},
             {"large", 0, 3, "time", "an endless loop?", {}, ""}};
  return r;
}

/// Remarks, drawings and checks, one after the other.
std::string told(const CheckResult& result) {
  Trace trace;
  show_result(trace, result);
  std::string out = trace.title + "\n";
  for (const Item& item : trace.items) {
    if (const auto* remark = std::get_if<Remark>(&item)) out += remark->text + "\n";
    if (const auto* text = std::get_if<Verbatim>(&item)) out += "|" + text->text;
    if (const auto* check = std::get_if<Check>(&item))
      out += std::string(check->holds() ? "holds: " : "fails: ") + check->claim + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("exercises: those of a folder in the order of the lessons, with all that they are") {
  const Folder folder;
  make_exercise(folder / "05-attention/exercises/one-head");
  make_exercise(folder / "05-attention/exercises/masks");
  make_exercise(folder / "02-recurrent/exercises/step");
  write(folder / "05-attention/lesson.md", "text");
  write(folder / "05-attention/exercises/readme", "text");
  fs::create_directories(folder / "07-scale/exercises/nothing");
  const std::vector<Exercise> all = exercises(folder.path());
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == "step");
  CHECK(all[0].lesson == "02-recurrent");
  CHECK(all[1].name == "masks");
  CHECK(all[2].name == "one-head");
  CHECK(all[2].title == "A title");
  CHECK(all[2].points == 15);
  CHECK(all[2].header == "int f();\n");
  CHECK(all[2].stub == "int f() { return 0; }\n");
  CHECK(all[2].text == "# A title\n\nDo it.\n");
  const Folder nothing;
  CHECK(exercises(nothing.path()).empty());
}

TEST_CASE("exercises: a missing file, no title, no points and no folder are each told") {
  for (const char* name : {"exercise.md", "exercise.h", "stub.cpp", "test.cpp"}) {
    const Folder folder;
    make_exercise(folder / "05-x/exercises/e", name);
    check_bad(std::string("05-x/exercises/e: there is no ") + name,
              [&] { exercises(folder.path()); });
  }
  const Folder folder;
  make_exercise(folder / "05-x/exercises/e");
  for (const char* text : {"", "A title\n", "#A title\n", "# \n"}) {
    write(folder / "05-x/exercises/e/exercise.md", text);
    check_bad("exercise.md has no title", [&] { exercises(folder.path()); });
  }
  write(folder / "05-x/exercises/e/exercise.md", "# A title\n");
  write(folder / "05-x/exercises/e/test.cpp", "CASE(\"a\") {} // points(x)\n");
  check_bad("no case has points", [&] { exercises(folder.path()); });
  check_error(ErrorKind::io, "cannot be read", [&] { exercises(folder / "none"); });
}

TEST_CASE("exercises: one is found by its name, or what may be meant is said") {
  const Folder folder;
  make_exercise(folder / "05-x/exercises/one-head");
  make_exercise(folder / "05-x/exercises/masks");
  CHECK(find_exercise("masks", folder.path()).name == "masks");
  const auto hint = [&](const std::string& name) -> std::string {
    try {
      find_exercise(name, folder.path());
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::usage);
      CHECK(contains(e.what(), "no exercise \""));
      return e.hint();
    }
    return "found";
  };
  CHECK(hint("one-haed") == "did you mean one-head?");
  CHECK(hint("zebra") == "the exercises: masks, one-head");
  CHECK(hint("") == "the exercises: masks, one-head");
}

TEST_CASE("exercises: the first line of an answer tells which one it is") {
  for (const Exercise& e : exercises()) {
    INFO(e.name);
    CHECK(exercise_of(first_line(e) + e.stub, "a.cpp") == e.name);
    CHECK(first_line(e).find('\n') == first_line(e).size() - 1);
  }
  CHECK(exercise_of("\xEF\xBB\xBF// attn exercise masks: x\r\nrest", "a") == "masks");
  CHECK(exercise_of("// attn exercise masks", "a") == "masks");
  for (const char* text : {"", "\n// attn exercise masks:", "int main() {}", "//attn exercise x:"})
    check_bad("dir/a.cpp: line 1 does not tell the exercise",
              [&] { exercise_of(text, "dir/a.cpp"); });
  check_bad("\"\\x1B[2J\" was found", [&] { exercise_of("\x1b[2J\nx", "a.cpp"); });
}

TEST_CASE("exercises: matrix.h is the one of the source") {
  CHECK(matrix_header() == read_file(ATTN_SOURCE_DIR "/attn_exercise/matrix.h"));
}

TEST_CASE("result: points are those of all cases") {
  CHECK(sample().points() == 2);
  CHECK(sample().worth() == 10);
  CHECK(CheckResult{}.points() == 0);
  CHECK(CheckResult{}.worth() == 0);
}

TEST_CASE("result: people read a table, and the first case that fails in words") {
  const CheckResult r = sample();
  Trace trace;
  show_result(trace, r);
  const auto& table = std::get<Table>(trace.items.at(0));
  REQUIRE(table.rows.size() == 3);
  CHECK(std::get<std::string>(table.rows[1][0]) == "numbers");
  CHECK(std::get<double>(table.rows[1][1]) == 0);
  CHECK(std::get<double>(table.rows[1][2]) == 5);
  CHECK(std::get<std::string>(table.rows[2][3]) == "no end");
  const std::string text = told(r);
  CHECK(text.starts_with("one-head: 2 of 10 points\n"));
  CHECK(contains(text, "First to fail: numbers: row 1 is 3, not 4.\n"));
  CHECK(contains(text, find_misconception("scale-missing")->help));
  CHECK(contains(text, "Your code printed"));
  CHECK(contains(text, "|hello\nworld\n"));
  CHECK_FALSE(contains(text, "endless loop"));  // the second to fail
  CHECK(contains(text, "fails: 2 of 10 points\n"));
}

TEST_CASE("result: the first case that fails shows what went in, what came out and what is right") {
  CheckResult r = sample();
  CHECK_FALSE(contains(told(r), "was called with"));
  r.cases[1].input = "  1 x 2\n  3  4\n";
  r.cases[1].yours = "  7\n";
  r.cases[1].expected = "  8\n";
  r.cases[2].input = "  of the second to fail\n";
  const std::string text = told(r);
  const std::size_t input = text.find("Your function was called with:\n|  1 x 2\n  3  4");
  const std::size_t yours = text.find("It gave:\n|  7"), right = text.find("Right is:\n|  8");
  CHECK(input < yours);
  CHECK(yours < right);
  CHECK(right != std::string::npos);
  CHECK_FALSE(contains(text, "second to fail"));
  CHECK(json::parse(result_document(r))["cases"][1]["expected"] == "  8\n");
}

TEST_CASE("result: what a function was called with has the names of exercise.h") {
  const std::string header =
      "struct State {\n  std::vector<double> h, c;\n  auto fields() { return std::tie(h, c); "
      "}\n};\n"
      "/// One step. x (d).\nState step(const std::vector<double>& x, const State& before,\n"
      "           const std::vector<State>& all, std::size_t n);\n";
  CHECK(attn::app::with_names(header, "step",
                              {" 1\n", " 2\n\x1e 3\n", " 4\n\x1e 5\n\x1d 6\n\x1e 7\n", " 8\n"}) ==
        "x:\n 1\nbefore.h:\n 2\nbefore.c:\n 3\nall[0].h:\n 4\nall[0].c:\n 5\nall[1].h:\n 6\n"
        "all[1].c:\n 7\nn:\n 8\n");
  // Where the header says nothing of it, the numbers alone.
  CHECK(attn::app::with_names("", "step", {" 1\n", " 2\n\x1e 3\n"}) == " 1\n 2\n 3\n");
  for (const Exercise& e : attn::app::exercises(ATTN_SOURCE_DIR "/../lessons")) {
    CAPTURE(e.name);
    const std::size_t at = e.header.find("#define EXERCISE_FUNCTIONS ") + 27;
    const std::string function = e.header.substr(at, e.header.find_first_of(",\n ", at) - at);
    std::size_t count = 0;
    for (std::size_t n = 1; n < 9 && count == 0; ++n) {
      if (contains(attn::app::with_names(e.header, function, std::vector<std::string>(n, "1\n")),
                   ":\n"))
        count = n;
    }
    CHECK(count > 0);
  }
}

TEST_CASE("exercises: hints are those of the list, and the task is left without them") {
  Exercise e;
  e.name = "x";
  e.text =
      "# T\n\nDo it.\n\n## Hints\n\n1. One\n   and more.\n2. Two.\n\n3. Three.\n\nSource: me.\n";
  CHECK(hints_of(e) == std::vector<std::string>{"One and more.", "Two.", "Three."});
  CHECK(text_without_hints(e) ==
        "# T\n\nDo it.\n\nHints, one at a time: attn exercise hint x\n\nSource: me.\n");
  e.text = "# T\n\nDo it.\n";
  CHECK(hints_of(e).empty());
  CHECK(text_without_hints(e) == e.text);
  e.text = "# T\n\n## Hints\n\n1. Last.";
  CHECK(hints_of(e) == std::vector<std::string>{"Last."});
  for (const Exercise& own : exercises()) {
    INFO(own.name);
    CHECK(hints_of(own).size() == 3);
    const std::string text = text_without_hints(own);
    for (const std::string& hint : hints_of(own)) CHECK_FALSE(contains(text, hint.substr(0, 20)));
    CHECK(contains(text, "Source"));
  }
}

TEST_CASE("result: a question keeps its mark, two ideas that fit are both told, unknown ones not") {
  CheckResult r = sample();
  r.cases.erase(r.cases.begin() + 1);
  CHECK(contains(told(r), "First to fail: large: an endless loop?\n"));
  r.cases[1].misconceptions = {"softmax-unstable", "nobody-knows", "scale-missing"};
  const std::string text = told(r);
  CHECK(contains(text, "(softmax-unstable)"));
  CHECK(contains(text, " Or just as well: what comes out when"));
  CHECK_FALSE(contains(text, "nobody-knows"));
}

TEST_CASE("result: all right is said without a failure; a warning is no failure") {
  CheckResult r = sample();
  r.cases.resize(1);
  r.compiler = "answer.cpp:3: warning: unused";
  const std::string text = told(r);
  CHECK(contains(text, "holds: 2 of 2 points\n"));
  CHECK_FALSE(contains(text, "First to fail"));
}

TEST_CASE("result: what does not compile is told in the compiler's words, with what may help") {
  CheckResult r = sample();
  r.compiled = false;
  for (CaseResult& c : r.cases) c = {c.name, 0, c.worth, "not run", "", {}, ""};
  r.compiler = "answer.cpp:3: error: x\n";
  const std::string text = told(r);
  CHECK(contains(text, "Your file does not compile"));
  CHECK(contains(text, "|answer.cpp:3: error: x\n"));
  CHECK(contains(text, "fails: 0 of 10 points"));
  CHECK_FALSE(contains(text, "needs no main"));
  r.compiler = "ld: multiple definition of `main'; undefined reference to `f()'";
  CHECK(contains(told(r), "Your file needs no main"));
  CHECK(contains(told(r), "A function of exercise.h is missing"));
}

TEST_CASE("result: programs read one document, whatever bytes were printed") {
  CheckResult r = sample();
  r.cases[2].printed = "\xff\x01";
  const json document = json::parse(result_document(r));
  CHECK(document["format"] == 1);
  CHECK(document["exercise"] == "one-head");
  CHECK(document["lesson"] == "05-attention");
  CHECK(document["score"] == 2);
  CHECK(document["max"] == 10);
  CHECK(document["compiled"] == true);
  REQUIRE(document["cases"].size() == 3);
  CHECK(document["cases"][0]["misconception"].is_null());
  CHECK(document["cases"][1]["misconception"] == "scale-missing");
  CHECK(document["cases"][1]["misconceptions"] == json{"scale-missing"});
  CHECK(document["cases"][1]["printed"] == "hello\nworld\n");
  CHECK(document["cases"][2]["status"] == "time");
  CHECK(document["cases"][2]["printed"] == "\xEF\xBF\xBD\x01");
  Trace trace;
  show_result(trace, r);
  CHECK(trace.document == result_document(r));
}
