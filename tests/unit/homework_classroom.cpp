// Many submissions at once, and the documents that are written of them.
#include "app/homework/classroom.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/frame/stage.h"
#include "app/homework/task.h"
#include "homework_support.h"
#include "program/process.h"

using namespace attn::app;
using namespace homework_test;
using attn::ErrorKind;
using attn::test::contains;
using io_test::check_error;
using io_test::Folder;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The sheet as `homework new` writes it, with the right answers of this student or another's.
void hand_in(const std::string& path, const std::string& sheet, const std::string& student,
             const std::string& answers_of, const Course& course = {}) {
  Manifest m;
  m.sheet = &find_sheet(sheet);
  m.student = student;
  m.is_public = course.is_public;
  const Values given = given_for(course, *m.sheet, student);
  m.numbers = fingerprint(given);
  write_sheet(path, m, given);
  if (answers_of.empty()) return;
  const Values key = key_of(*m.sheet, given_for(course, *m.sheet, answers_of));
  for (const SheetStep& step : m.sheet->steps)
    write(path + "/answers/" + step.name + ".csv", csv_of(key[step.name].value()));
}

std::vector<Result> graded(const std::vector<std::string>& paths, const Course& course = {}) {
  return grade_all(paths, course, false, nullptr);
}

class Watcher : public Progress {
 public:
  void show(const std::string& line) override { lines.push_back(line); }
  bool stop() override { return false; }
  std::vector<std::string> lines;
};

/// A result with one step of each status.
Result sample() {
  Result r;
  r.folder = "all/ada";
  r.homework = "head";
  r.student = "ada";
  r.score = 4.5;
  r.max = 10;
  r.steps = {{"q", Status::right, 3, 3, {}, ""},
             {"scores", Status::wrong, 0, 3, {"scale-missing", "mask-after"}, "say \"why\""},
             {"weights", Status::follows, 1.5, 2, {}, ""},
             {"context", Status::missing, 0, 1, {}, ""},
             {"output", Status::unreadable, 0, 1, {}, "line\nbreak"}};
  return r;
}

}  // namespace

TEST_CASE("classroom: a folder of folders, each graded; files and hidden names are passed over") {
  const Folder folder;
  const std::string all = folder / "all";
  fs::create_directory(all);
  hand_in(all + "/b", "softmax", "bob", "bob");
  hand_in(all + "/a", "softmax", "ada", "");
  hand_in(all + "/.hidden", "softmax", "eve", "eve");
  write(all + "/notes.txt", "no folder");
  fs::create_directory(all + "/junk");
  fs::create_directory_symlink(all + "/b", all + "/link");
  const std::vector<Result> results = graded({all});
  REQUIRE(results.size() == 5);
  CHECK(results[0].folder == all + "/a");
  CHECK(results[0].student == "ada");
  CHECK(results[0].score == 0);
  CHECK(results[0].steps.size() == 4);
  CHECK(results[0].problem.empty());
  CHECK(results[1].folder == all + "/b");
  CHECK(results[1].score == 10);
  CHECK(results[1].all_right());
  CHECK(contains(results[2].problem, "there is no homework.json in this folder"));
  CHECK(results[2].steps.empty());
  CHECK_FALSE(results[3].problem.empty());  // the link
  CHECK_FALSE(results[4].problem.empty());  // the file
}

TEST_CASE("classroom: a submission itself, several paths, and the order in which they are named") {
  const Folder folder;
  hand_in(folder / "one", "softmax", "ada", "ada");
  hand_in(folder / "two", "head", "bob", "bob");
  const std::vector<Result> results = graded({folder / "two", folder / "one"});
  REQUIRE(results.size() == 2);
  CHECK(results[0].homework == "head");
  CHECK(results[1].homework == "softmax");
  CHECK(results[1].folder == folder / "one");
  CHECK(results[1].remark.empty());
}

TEST_CASE("classroom: nothing handed in, or no folder at all, is an error") {
  const Folder folder;
  write(folder / "file", "x");
  const Folder empty;
  check_error(ErrorKind::usage, "nothing was handed in there", [&] { graded({empty.path()}); });
  check_error(ErrorKind::io, "none", [&] { graded({folder / "none"}); });
  check_error(ErrorKind::io, "file", [&] { graded({folder / "file"}); });
}

TEST_CASE("classroom: whose answers they are is told to the grader, from eight numbers on") {
  const Folder folder;
  hand_in(folder / "ada", "softmax", "ada", "ada");
  hand_in(folder / "bob", "softmax", "bob", "ada");
  hand_in(folder / "eve", "softmax", "eve", "");
  fs::copy_file(folder / "ada/answers/output.csv", folder / "eve/answers/output.csv");
  const std::vector<Result> results = graded({folder.path()});
  REQUIRE(results.size() == 3);
  CHECK(results[0].remark.empty());  // who has all right has copied nothing
  CHECK(
      contains(results[1].remark, "of its numbers are wrong here and right on the sheet of ada."));
  CHECK(results[2].remark.empty());  // six numbers: too few to say
}

TEST_CASE("classroom: a student who handed in twice is marked both times, another sheet is none") {
  const Folder folder;
  hand_in(folder / "a1", "softmax", "ada", "ada");
  hand_in(folder / "a2", "softmax", "ada", "");
  hand_in(folder / "a3", "head", "ada", "");
  const std::string twice = "More than one submission has this student and homework.";
  const std::vector<Result> results = graded({folder.path()});
  REQUIRE(results.size() == 3);
  CHECK(results[0].remark == twice);
  CHECK(results[1].remark == twice);
  CHECK(results[2].remark.empty());
  CHECK(graded({folder / "a1", folder / "a1"})[1].remark == twice);
}

TEST_CASE("classroom: numbers are derived from the course, never read from a submission") {
  const Folder folder;
  const Course course{false, "a secret"};
  hand_in(folder / "ada", "softmax", "ada", "ada", course);
  write(folder / "ada/inputs/q.csv", "0,0,0,0\n0,0,0,0\n0,0,0,0\n");
  CHECK(graded({folder / "ada"}, course)[0].score == 10);
  const Result without = graded({folder / "ada"})[0];
  CHECK(without.problem == "the sheet was made with a course's secret");
  CHECK(without.student == "ada");  // known all the same
  CHECK(without.max == 10);
  CHECK(contains(graded({folder / "ada"}, {false, "another"})[0].problem,
                 "was not made for student ada with this secret"));
}

TEST_CASE("check: a student without the secret gets the numbers in inputs/, which is said") {
  const Folder folder;
  const Course course{false, "a secret"};
  hand_in(folder / "ada", "softmax", "ada", "ada", course);
  hand_in(folder / "bob", "softmax", "bob", "bob");
  const Result own = check_folder(folder / "ada", "", false);
  CHECK(own.score == 10);
  CHECK(contains(own.remark, "the numbers in inputs/ were taken as they stand"));
  CHECK(own.folder == folder / "ada");
  write(folder / "secret", "a secret\n");
  CHECK(check_folder(folder / "ada", folder / "secret", false).remark.empty());
  CHECK(check_folder(folder / "bob", "", false).remark.empty());
  check_error(ErrorKind::io, "there is no homework.json",
              [&] { check_folder(folder.path(), "", false); });
}

TEST_CASE("classroom: progress is shown every fifty submissions") {
  const Folder folder;
  for (int i = 0; i < 101; ++i) fs::create_directory(folder / std::to_string(i));
  Watcher watcher;
  CHECK(grade_all({folder.path()}, {}, false, &watcher).size() == 101);
  CHECK(watcher.lines == std::vector<std::string>{"50 graded", "100 graded"});
}

TEST_CASE("records: the documents of one result, by hand") {
  Result r = sample();
  r.remark = "Mind this.";
  const json one = json::parse(check_document(r));
  CHECK(one["format"] == 1);
  CHECK(one["student"] == "ada");
  CHECK(one["score"] == 4.5);
  CHECK(one["max"].dump() == "10");  // not 10.0
  CHECK(one["steps"].size() == 5);
  CHECK(one["steps"][0]["misconception"].is_null());
  CHECK(one["steps"][1]["status"] == "wrong");
  CHECK(one["steps"][1]["misconception"] == "scale-missing");
  CHECK(one["steps"][1]["misconceptions"] == json{"scale-missing", "mask-after"});
  CHECK(one["steps"][4]["message"] == "line\\x0Abreak");
  CHECK(one["remark"] == "Mind this.");
  CHECK_FALSE(one.contains("problem"));
  const json all = json::parse(grade_document({r, r}));
  CHECK(all["submissions"].size() == 2);
  CHECK(all["submissions"][1]["folder"] == "all/ada");
}

TEST_CASE("records: a row counts each status, and no cell is a formula or breaks its line") {
  Result r = sample();
  const auto rows = attn::test::lines(grades_csv({r}));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] ==
        "student,homework,score,max,right,follows,wrong,missing,unreadable,misconceptions,remark,"
        "folder");
  CHECK(rows[1] == "ada,head,4.5,10,1,1,1,1,1,scores: scale-missing or mask-after,,all/ada");
  for (const char* first : {"=", "+", "-", "@", "＝", "＋", "－", "＠"}) {
    r.student = std::string(first) + "1";
    CHECK(attn::test::lines(grades_csv({r}))[1].starts_with("'" + r.student + ",head"));
  }
  r.student = "a,\"b\"\nc";
  CHECK(attn::test::lines(grades_csv({r}))[1].starts_with("\"a,\"\"b\"\"\\x0Ac\",head"));
  r.problem = "no numbers";
  r.remark = "Twice.";
  CHECK(contains(grades_csv({r}), ",Not graded: no numbers. Twice.,"));
  CHECK(attn::test::lines(grades_csv({})).size() == 1);
}

TEST_CASE("records: Gradescope reads tests with points, and hides remarks from students") {
  Result r = sample(), refused;
  const json one = json::parse(gradescope_document({r}));
  CHECK(one["score"] == 4.5);
  REQUIRE(one["tests"].size() == 5);
  const std::string status[] = {"passed", "failed", "passed", "failed", "failed"};
  for (std::size_t i = 0; i < 5; ++i) CHECK(one["tests"][i]["status"] == status[i]);
  CHECK(one["tests"][0]["name"] == "q");
  CHECK(one["tests"][1]["output"] == "wrong: say \"why\"");
  CHECK(one["tests"][2]["score"] == 1.5);
  r.remark = "Copied from bob.";
  refused.folder = "all/junk";
  refused.problem = "no homework.json";
  const json two = json::parse(gradescope_document({r, refused}));
  REQUIRE(two["tests"].size() == 7);
  CHECK(two["tests"][0]["name"] == "ada: q");
  CHECK(two["tests"][5]["visibility"] == "hidden");
  CHECK(two["tests"][6]["name"] == "all/junk: homework.json");
  CHECK(two["output"] == "all/junk: Not graded: no homework.json\n");
}
