// Homework from new to grade, through the real program.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/homework/lab.h"
#include "app/homework/numbers.h"
#include "attn/io/csv.h"
#include "process.h"

using namespace attn::test;
using namespace attn::app::homework;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string csv_of(const attn::Array& a) {
  return attn::csv_text(attn::reshaped(a, {attn::rows(a), attn::columns(a)}));
}

/// A sheet made by the program.
std::string made(const Folder& folder, const std::string& sheet, const std::string& student,
                 const Words& more = {}) {
  const std::string path = folder / (sheet + "-" + student);
  expect(with({"homework", "new", sheet, "--student", student, "--out", path}, more), 0,
         "Made for");
  return path;
}

void write(const std::string& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file);
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

/// All steps right, as this student has them.
void answer_all(const std::string& path, const std::string& sheet, const std::string& student,
                const Course& course = {}) {
  const Sheet& s = find_sheet(sheet);
  const Values key = key_of(s, given_for(course, s, student));
  for (const SheetStep& step : s.steps)
    write(path + "/answers/" + step.name + ".csv", csv_of(key[step.name].value()));
}

json check(const std::string& path, int exit_code, const Words& more = {}) {
  return json::parse(expect(with({"homework", "check", path, "--json"}, more), exit_code).out);
}

std::string status(const json& document, const std::string& step) {
  for (const json& one : document["steps"]) {
    if (one["name"] == step) return one["status"];
  }
  return "";
}

}  // namespace

TEST_CASE("homework: a sheet goes from new to right, step by step") {
  const Folder folder;
  const std::string path = made(folder, "softmax", "ada");
  for (const char* file : {"task.md", "homework.json", "inputs/q.csv", "inputs/q.npy", "answers"})
    CHECK(fs::exists(path + "/" + file));
  json document = check(path, 1);
  CHECK(document["format"] == 1);
  CHECK(document["homework"] == "softmax");
  CHECK(document["student"] == "ada");
  CHECK(document["score"] == 0);
  CHECK(document["max"] == 10);
  CHECK(document["steps"].size() == 4);
  CHECK(status(document, "scores") == "missing");

  const Sheet& sheet = find_sheet("softmax");
  const Values given = given_for({}, sheet, "ada"), key = key_of(sheet, given);
  write(path + "/answers/scores.csv", csv_of(sheet.steps[0].wrong(given)[0].value));
  document = check(path, 1);
  CHECK(document["steps"][0]["status"] == "wrong");
  CHECK(document["steps"][0]["misconception"] == "scale-missing");
  CHECK(document["steps"][1]["misconception"].is_null());
  expect({"homework", "check", path, "--plain"}, 1, "scores [scale-missing]: It looks as if");
  expect({"homework", "check", path, "--plain"}, 1, "Check FAILS: 0 of 4 steps are right");

  answer_all(path, "softmax", "ada");
  document = check(path, 0);
  CHECK(document["score"] == 10);
  for (const json& step : document["steps"]) {
    CHECK(step["status"] == "right");
    CHECK(step["points"] == step["max"]);
  }
  expect({"homework", "new", "softmax", "--student", "ada", "--out", path}, 2, "there already");
}

TEST_CASE(
    "homework: with a course's secret, check takes the given numbers and grade derives them") {
  const Folder folder;
  const std::string secret = folder.write("secret.txt", "correct horse battery staple\n");
  const std::string path = made(folder, "head", "bob", {"--secret", secret});
  const Course course = read_course(secret);
  answer_all(path, "head", "bob", course);
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) CHECK_FALSE(contains(Folder::read(entry.path()), "correct horse"));
  }
  CHECK(contains(check(path, 0)["remark"].get<std::string>(), "numbers in inputs/"));
  CHECK_FALSE(check(path, 0, {"--secret", secret}).contains("remark"));
  expect({"homework", "grade", path, "--secret", secret}, 0, "10");
  expect({"homework", "grade", path, "--json"}, 0, "made with a course's secret");
  const std::string other = folder.write("other.txt", "another");
  expect({"homework", "grade", path, "--json", "--secret", other}, 0,
         "was not made for student bob");
  expect({"homework", "check", path, "--secret", other}, 3, "was not made for student bob");
  // Friendlier numbers are noticed.
  write(path + "/inputs/x.csv", "0,0,0,0,0\n0,0,0,0,0\n0,0,0,0,0\n0,0,0,0,0\n");
  expect({"homework", "check", path}, 3, "are not those that the sheet was made with");
  write(path + "/inputs/x.csv", "1,2\n");
  expect({"homework", "check", path}, 3, "do not have the shapes of this sheet");
  expect({"homework", "new", "head", "--student", "x", "--out", folder / "y", "--secret",
          folder.write("empty.txt", " \n")},
         3, "the secret is empty");
}

TEST_CASE("homework: on a sheet whose tokens are columns, everything is transposed") {
  const Folder folder;
  const std::string path = made(folder, "head", "cleo", {"--convention", "column"});
  CHECK(contains(Folder::read(path + "/task.md"), "Column convention"));
  CHECK(contains(Folder::read(path + "/task.md"), "File `answers/q.csv`, shape (3, 4)"));
  answer_all(path, "head", "cleo");
  json document = check(path, 1);
  CHECK(status(document, "q") == "wrong");
  CHECK(contains(document["steps"][0]["message"].get<std::string>(), "transposed"));
  const Sheet& sheet = find_sheet("head");
  const Values key = key_of(sheet, given_for({}, sheet, "cleo"));
  for (const SheetStep& step : sheet.steps) {
    write(path + "/answers/" + step.name + ".csv",
          csv_of(attn::transposed(key[step.name].value())));
  }
  check(path, 0);
}

TEST_CASE("homework: grade writes a row per student, a copy and a second submission are noticed") {
  const Folder folder;
  fs::create_directory(folder / "all");
  const auto in_all = [&](const std::string& name) { return folder / ("all/" + name); };
  for (const char* student : {"ada", "bob", "cleo", "=1+1"}) {
    const std::string path = made(folder, "heads", student);
    answer_all(path, "heads", student == std::string("cleo") ? "ada" : student);
    fs::rename(path, in_all(student));
  }
  fs::copy(in_all("bob"), in_all("bob-again"), fs::copy_options::recursive);
  fs::create_directory(in_all("nothing"));
  folder.write("all/notes.txt", "no folder");
  const std::string grades = folder / "grades.csv", results = folder / "results.json";
  expect({"homework", "grade", folder / "all", "--out", grades, "--gradescope", results}, 0,
         "submissions");
  const Words rows = lines(Folder::read(grades));
  REQUIRE(rows.size() == 8);
  CHECK(rows[0].starts_with("student,homework,score,max,right,follows,wrong,"));
  const auto row_of = [&](const std::string& part) {
    for (const std::string& row : rows) {
      if (contains(row, part)) return row;
    }
    return std::string();
  };
  CHECK(row_of("all/ada").starts_with("ada,heads,10,10,8,0,0,0,0,,"));
  CHECK(row_of("'=1+1").starts_with("'=1+1,heads,10,10,"));
  CHECK(contains(row_of("all/cleo"), "right on the sheet of ada"));
  CHECK(contains(row_of("all/bob-again"), "More than one submission"));
  CHECK(contains(row_of("all/nothing"), "no homework.json"));
  CHECK(contains(row_of("all/notes.txt"), "is a file"));

  const json all = json::parse(Folder::read(results));
  CHECK(all["tests"].size() > 8);
  expect({"homework", "grade", in_all("ada"), "--gradescope", results}, 0, "ada");
  const json one = json::parse(Folder::read(results));
  CHECK(one["score"] == 10);
  CHECK(one["tests"].size() == 8);
  for (const json& test : one["tests"]) {
    CHECK(test["status"] == "passed");
    CHECK(test["score"] == test["max_score"]);
    CHECK(test["name"].is_string());
    CHECK(test["output"] == "right");
  }
  const json listed = json::parse(expect({"homework", "grade", folder / "all", "--json"}, 0).out);
  CHECK(listed["submissions"].size() == 7);
  // The row of a student is the one that the other order gives.
  expect({"homework", "grade", in_all("cleo"), in_all("ada"), "--json"}, 0,
         "right on the sheet of ada");
}

TEST_CASE("homework: Gradescope gets a document whatever was handed in") {
  const Folder folder;
  const std::string results = folder / "results.json", handed = folder / "handed";
  fs::create_directory(handed);
  expect({"homework", "grade", handed, "--gradescope", results}, 0);
  json document = json::parse(Folder::read(results));
  CHECK(document["score"] == 0);
  CHECK(contains(document["output"].get<std::string>(), "nothing was handed in. Hand in"));
  write(handed + "/weights.csv", "1,2\n");
  expect({"homework", "grade", handed, "--gradescope", results}, 0);
  document = json::parse(Folder::read(results));
  CHECK(contains(document["output"].get<std::string>(), "it holds weights.csv"));
  expect({"homework", "grade", folder / "none", "--gradescope", results}, 4);
  document = json::parse(Folder::read(results));
  CHECK(contains(document["output"].get<std::string>(), "not your fault"));
}

TEST_CASE("homework: report counts who holds which misconception") {
  const Folder folder;
  fs::create_directory(folder / "all");
  const Sheet& sheet = find_sheet("softmax");
  for (const std::string student : {"a", "b", "c"}) {
    const std::string path = made(folder, "softmax", student);
    const Values given = given_for({}, sheet, student);
    if (student != "c")
      write(path + "/answers/scores.csv", csv_of(sheet.steps[0].wrong(given)[0].value));
    fs::rename(path, folder / ("all/" + student));
  }
  expect({"homework", "report", folder / "all", "--plain"}, 0,
         "misconception scale-missing, students 2");
  const json document =
      json::parse(expect({"homework", "report", folder / "all", "--json"}, 0).out);
  CHECK(document["submissions"] == 3);
  CHECK(document["steps"][0]["wrong"] == 2);
  CHECK(document["steps"][0]["missing"] == 1);
  CHECK(document["steps"][0]["misconceptions"]["scale-missing"] == 2);
  const std::string table = folder / "report.csv";
  expect({"homework", "report", folder / "all", "--out", table}, 0);
  const Words rows = lines(Folder::read(table));
  CHECK(rows[0] == "homework,step,students,right,follows,wrong,missing,unreadable,misconceptions");
  CHECK(rows[1] == "softmax,scores,3,0,0,2,1,0,scale-missing: 2");
  expect({"homework", "report", folder / "all", "--out", folder / "x.html"}, 2, "end in .csv");
}

TEST_CASE("homework: names and options that do not fit are refused with a way out") {
  const Folder folder;
  const std::string out = folder / "x";
  expect({"homework"}, 2, "homework what?");
  expect({"homework", "nw"}, 2, "homework");
  expect({"homework", "new", "softmx", "--student", "a", "--out", out}, 2, "did you mean softmax?");
  expect({"homework", "new", "softmax", "--out", out}, 2, "needs --student ID");
  expect({"homework", "new", "softmax", "--student", "a"}, 2, "needs --out DIR");
  expect({"homework", "new", "softmax", "--student", "a\nb", "--out", out}, 2, "cannot be shown");
  expect({"homework", "new", "softmax", "--student", std::string(100, 'a'), "--out", out}, 2,
         "too long");
  expect({"homework", "new", "softmax", "--student", "a", "--out", "/proc/x"}, 4, "cannot make");
  expect({"homework", "new", "softmax", "--student", "a", "--out", out, "--secret", "/nowhere"}, 4,
         "/nowhere");
  expect({"homework", "check", folder / "none"}, 4, "cannot open");
  expect({"homework", "check", folder.path()}, 4, "no homework.json");
  expect({"homework", "check"}, 2, "needs one folder");
  expect({"homework", "grade"}, 2, "no folder to grade");
  expect({"homework", "grade", folder.path()}, 2, "nothing was handed in");
  expect({"homework", "grade", folder.path(), "--out", folder / "x.html"}, 2, "must end in .csv");
  expect({"homework", "grade", out, "--out", out + ".csv", "--gradescope", out + ".csv"}, 2,
         "both name");
  expect({"homework", "grade", out, "--out", out + ".csv", "--gradescope",
          folder / "../" + fs::path(folder.path()).filename().string() + "/x.csv"},
         2, "both name");
  expect({"homework", "new", "softmax", "--student", "a", "--out", folder / "a\nb"}, 0, "a\\x0Ab");
  expect({"homework", "list"}, 0, "softmax");
}

TEST_CASE("homework: a lab report is graded against its evidence, or by training again") {
  const Folder folder;
  const std::string path = made(folder, "lab", "ada");
  const Sheet& sheet = find_sheet("lab");
  const Experiment e = experiment_of(given_for({}, sheet, "ada"));
  CHECK(contains(Folder::read(path + "/task.md"),
                 "attn " + e.command() + " > answers/evidence.json"));
  Words words = {"--cache", folder / "cache"};
  std::string rest = e.command();
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t end = rest.find(' ', at);
    words.push_back(rest.substr(at, end - at));
    at = end == std::string::npos ? end : end + 1;
  }
  std::rotate(words.begin(), words.begin() + 2, words.end());
  const std::string evidence = expect(Launch{.arguments = words, .seconds = 60}, 0).out;
  const json document = json::parse(evidence);
  attn::Array accuracy = attn::empty({2, 2});
  for (const json& cell : document["results"]) {
    const std::size_t m = cell["model"] == e.models[0] ? 0 : 1,
                      l = cell["length"] == e.lengths[0] ? 0 : 1;
    accuracy(m, l) = cell["accuracy"].get<float>();
  }
  write(path + "/answers/prediction.csv", "0.5,0.5\n1,0.9\n");
  write(path + "/answers/evidence.json", evidence);
  write(path + "/answers/accuracy.csv", csv_of(accuracy));
  attn::Array gap = attn::empty({1, 2});
  for (std::size_t l = 0; l < 2; ++l) gap(0, l) = accuracy(1, l) - accuracy(0, l);
  write(path + "/answers/gap.csv", csv_of(gap));
  char figures[200];
  std::snprintf(figures, sizeof figures, "%s reaches %.3f and %s %.3f. ", e.models[0].c_str(),
                double(accuracy(0, 1)), e.models[1].c_str(), double(accuracy(1, 1)));
  std::string text = figures;
  for (int i = 0; i < 40; ++i) text += "word ";
  write(path + "/answers/conclusion.md", text);
  check(path, 0);
  CHECK(contains(check(path, 0, {"--again"})["steps"][1]["message"].get<std::string>(),
                 "Trained again"));

  write(path + "/answers/conclusion.md", "The learning rate was 0.003. " + text);
  CHECK(status(check(path, 0), "conclusion") == "right");
  std::string chinese = figures;
  for (int i = 0; i < 40; ++i) chinese += "注意";
  write(path + "/answers/conclusion.md", chinese);
  CHECK(status(check(path, 0), "conclusion") == "right");
  write(path + "/answers/conclusion.md", "It is 0.123456 better. " + text);
  CHECK(status(check(path, 1), "conclusion") == "wrong");
  write(path + "/answers/accuracy.csv", "0.111,0.2\n0.3,0.4\n");
  write(path + "/answers/gap.csv", "0.189,0.2\n");
  json now = check(path, 1);
  CHECK(status(now, "accuracy") == "wrong");
  CHECK(status(now, "gap") == "follows");
  json forged = document;
  forged["results"][0]["accuracy"] = 0.987;
  write(path + "/answers/evidence.json", forged.dump());
  now = check(path, 1);
  CHECK(
      contains(now["steps"][1]["message"].get<std::string>(), "not the mean of those by distance"));
  CHECK(status(now, "accuracy") == "wrong");
  for (json& cell : forged["results"]) {
    cell["accuracy"] = 0.987;
    for (json& one : cell["by_distance"]) one["accuracy"] = 0.987;
  }
  write(path + "/answers/evidence.json", forged.dump());
  CHECK(status(check(path, 1), "evidence") == "right");  // it does not contradict itself
  now = check(path, 1, {"--again"});
  CHECK(contains(now["steps"][1]["message"].get<std::string>(), "gives other figures"));
  for (const std::string bad :
       {"", "[]", "{}", "{\"task\":1}", "{\"results\":[1,2,3,4]}", "[[[["}) {
    write(path + "/answers/evidence.json", bad);
    const std::string found = status(check(path, 1), "evidence");
    CHECK((found == "wrong" || found == "unreadable"));
  }
  const std::string part = "{\"task\":\"" + e.task + "\",\"results\":";
  for (const std::string bad :
       {"[1,2,3,4]", "[{},{},{},{}]", "[[],[],[],[]]", "{}", "[null,null,null,null]"}) {
    write(path + "/answers/evidence.json", part + bad + "}");
    CHECK(status(check(path, 1), "evidence") == "wrong");
  }
}
