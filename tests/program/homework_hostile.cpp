// Submissions that mean harm, or are broken: everything is said, nothing is executed, the rest is
// graded.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/homework/numbers.h"
#include "attn/io/csv.h"
#include "attn/io/npy.h"
#include "process.h"

using namespace attn::test;
using namespace attn::app::homework;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A folder with one submission of `softmax`, all of it right.
struct Handed {
  Folder folder;
  std::string path = folder / "ada";

  Handed() {
    expect({"homework", "new", "softmax", "--student", "ada", "--out", path}, 0);
    const Sheet& sheet = find_sheet("softmax");
    const Values key = key_of(sheet, given_for({}, sheet, "ada"));
    for (const SheetStep& step : sheet.steps)
      folder.write("ada/answers/" + step.name + ".csv", attn::csv_text(key[step.name].value()));
  }
  std::string answer(const std::string& name) const { return path + "/answers/" + name; }
  /// Checks that `scores` has this status and message, and that the rest is graded.
  void scores(const std::string& status, const std::string& message) const {
    const Result r = run(Launch{.arguments = {"homework", "check", path, "--json"}, .seconds = 10});
    INFO(r.describe());
    CHECK(r.exit_code == 1);
    const json document = json::parse(r.out);
    CHECK(document["steps"][0]["status"] == status);
    CHECK(contains(document["steps"][0]["message"].get<std::string>(), message));
    for (std::size_t i = 1; i < 4; ++i) CHECK(document["steps"][i]["status"] == "right");
    CHECK_FALSE(contains(r.out + r.err, "root:"));
  }
};

}  // namespace

TEST_CASE("homework: answers that are links, folders, pipes or devices are refused unread") {
  const Handed handed;
  const std::string scores = handed.answer("scores.csv");
  fs::remove(scores);
  handed.scores("missing", "There is no answers/scores.csv");
  fs::create_symlink("../../../../../../etc/passwd", scores);
  handed.scores("unreadable", "a symbolic link, which is not followed");
  fs::remove(scores);
  fs::create_symlink("weights.csv", scores);  // inside, too
  handed.scores("unreadable", "a symbolic link");
  fs::remove(scores);
  fs::create_symlink("/dev/zero", handed.answer("scores.npy"));
  handed.scores("unreadable", "a symbolic link");
  fs::remove(handed.answer("scores.npy"));
  REQUIRE(mkfifo(scores.c_str(), 0600) == 0);
  handed.scores("unreadable", "a pipe");
  fs::remove(scores);
  fs::create_directory(scores);
  handed.scores("unreadable", "a folder");
}

TEST_CASE("homework: answers that are huge, promise to be, or are no numbers are refused") {
  const Handed handed;
  const std::string scores = handed.answer("scores.csv");
  fs::resize_file(scores, std::uintmax_t{1} << 30);  // a hole: no disk is used
  handed.scores("unreadable", "at most 1048576 are read");
  fs::remove(scores);
  const auto npy = [&](const std::string& shape) {
    std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(117, ' ');
    handed.folder.write("ada/answers/scores.npy",
                        std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n");
  };
  npy("(4294967296, 4294967296)");
  handed.scores("unreadable", "4294967296");
  npy("(1000000, 1000000)");
  handed.scores("unreadable", "takes 8000000000000 bytes, found 0");
  npy("(0, 3)");
  handed.scores("wrong", "It holds no numbers");
  handed.folder.write("ada/answers/scores.npy",
                      attn::npy_bytes(attn::full({1, 1, 1, 1, 1, 1, 1, 1}, 1)));
  handed.scores("wrong", "The shape is");
  handed.folder.write("ada/answers/scores.npy", attn::npy_bytes(attn::full({}, 1)));
  handed.scores("wrong", "The shape is (1); (3, 3) is asked");
  fs::remove(handed.answer("scores.npy"));
  for (const std::string& bad :
       Words{"", "a,b\n", "1,2\n3\n", "=1+1,2,3\n", "1,5;2,5;3,5\n", std::string("\xff\xfe") + "1",
             "PK\x03\x04", "<script>alert(1)</script>\n"}) {
    handed.folder.write("ada/answers/scores.csv", bad);
    handed.scores("unreadable", "scores.csv");
  }
  handed.folder.write("ada/answers/scores.csv", "nan,nan,nan\nnan,nan,nan\nnan,nan,nan\n");
  handed.scores("wrong", "not a number");
  handed.folder.write("ada/answers/scores.csv", "0,0,0\n0,0,0\n0,0,0\n");
  handed.scores("wrong", "All numbers are 0");
  handed.folder.write("ada/answers/scores.csv", "1,2\n");
  handed.scores("wrong", "The shape is (1, 2); (3, 3) is asked");
  handed.folder.write("ada/answers/scores.npy", "x");
  handed.scores("unreadable", "are both there");
}

TEST_CASE("homework: the folder answers may be a link or a file, and nothing is followed") {
  const Handed handed;
  fs::rename(handed.path + "/answers", handed.folder / "elsewhere");
  fs::create_directory_symlink(handed.folder / "elsewhere", handed.path + "/answers");
  Result r = run({"homework", "check", handed.path, "--json"});
  CHECK(r.exit_code == 1);
  json report = json::parse(r.out);
  for (const json& step : report["steps"]) {
    CHECK(step["status"] == "unreadable");
    CHECK(contains(step["message"].get<std::string>(), "a symbolic link"));
  }
  fs::remove(handed.path + "/answers");
  r = run({"homework", "check", handed.path, "--json"});
  report = json::parse(r.out);
  for (const json& step : report["steps"]) CHECK(step["status"] == "missing");
}

TEST_CASE("homework: a homework.json that is broken, foreign or hostile is refused by its reason") {
  const Handed handed;
  const json good = json::parse(Folder::read(handed.path + "/homework.json"));
  const auto refused = [&](const std::string& text, const std::string& reason) {
    handed.folder.write("ada/homework.json", text);
    expect({"homework", "check", handed.path}, 3, reason);
    const Result r = expect({"homework", "grade", handed.path, "--json"}, 0);
    const json one = json::parse(r.out)["submissions"][0];
    CHECK(one["score"] == 0);
    CHECK_FALSE(one["problem"].get<std::string>().empty());
  };
  refused("", "homework.json");
  refused("[]", "an object is expected");
  refused("{", "homework.json");
  refused(std::string(100, '['), "homework.json");
  const auto changed = [&](const char* key, const json& value, const std::string& reason) {
    json document = good;
    document[key] = value;
    refused(document.dump(), reason);
  };
  changed("format", 2, "\"format\" is not 1");
  changed("homework", "../../etc/passwd", "no homework");
  changed("homework", 7, "is no text");
  changed("student", "", "is empty");
  changed("student", "a\nb", "cannot be shown");
  changed("student", std::string(1000, 'x'), "too long");
  changed("student", "bob", "was not made for student bob");
  changed("convention", "diagonal", "expected \"row\" or \"column\"");
  // Who says that the sheet needs a secret may check it, and is graded once the secret is there.
  json claimed = good;
  claimed["course"] = "secret";
  handed.folder.write("ada/homework.json", claimed.dump());
  expect({"homework", "grade", handed.path, "--json"}, 0, "made with a course's secret");
  changed("numbers", "0000000000000000", "was not made for");
  json without = good;
  without.erase("numbers");
  refused(without.dump(), "\"numbers\" is missing");
}

TEST_CASE("homework: names with line breaks, leading dashes and formulas stay names") {
  Handed handed;
  const std::string all = handed.folder / "all";
  fs::create_directory(all);
  const Words names = {"-rf",    "=cmd|'!A1",  "+1",          "@SUM(A1)",
                       "a\nb,c", "\"quoted\"", "\x1b[31mred", "\xff\xfe"};
  for (const std::string& name : names)
    fs::copy(handed.path, all + "/" + name, fs::copy_options::recursive);
  fs::create_directory_symlink("/etc", all + "/link");
  const std::string grades = handed.folder / "grades.csv";
  const Result r = expect(
      {"homework", "grade", all, "--out", grades, "--gradescope", handed.folder / "results.json"},
      0);
  for (const char c : r.out) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  CHECK_FALSE(contains(r.out, "a\nb"));  // in a remark, too
  const Words rows = lines(Folder::read(grades));
  CHECK(rows.size() == names.size() + 2);
  for (const std::string& row : rows) {
    CHECK(std::string("=+-@").find(row[0]) == std::string::npos);
    for (std::size_t at = row.find(','); at != std::string::npos; at = row.find(',', at + 1)) {
      const bool opens =
          at + 1 < row.size() && std::string("=+@").find(row[at + 1]) != std::string::npos;
      CHECK_FALSE(opens);
    }
  }
  CHECK(contains(Folder::read(grades), "link is a symbolic link"));
  CHECK(json::parse(Folder::read(handed.folder / "results.json")).is_object());
  expect(Launch{.arguments = {"homework", "grade", "--", "-rf"}, .folder = all}, 0, "ada");
}

TEST_CASE("homework: HTML in a student's id stays text") {
  const Folder folder;
  const std::string path = folder / "x", page = folder / "page.html";
  expect({"homework", "new", "softmax", "--student", "<img src=x onerror=1>", "--out", path}, 0);
  expect({"homework", "check", path, "--out", page}, 1);
  CHECK_FALSE(contains(Folder::read(page), "<img src=x"));
  CHECK(contains(Folder::read(path + "/task.md"), "`<img src=x onerror=1>`"));
}

TEST_CASE("homework: killed or out of disk at any write, the grades are the old or the new ones") {
  const Handed handed;
  const std::string grades = handed.folder / "grades.csv";
  const Words words = {"homework", "grade", handed.path, "--out", grades};
  expect(words, 0);
  const std::string whole = Folder::read(grades);
  CHECK(whole.size() > 100);
  for (const std::size_t limit : {0, 1, 50, 100, 150}) {
    const Result r = run(Launch{.arguments = words, .file_size = limit});
    CHECK(r.exit_code == 4);
    CHECK(Folder::read(grades) == whole);
  }
  handed.folder.write("ada/answers/scores.csv", "1,2,3\n4,5,6\n7,8,9\n");
  std::string latest = whole;
  for (int i = 0; i < 20; ++i) {
    Running grading(Launch{.arguments = words});
    std::this_thread::sleep_for(std::chrono::milliseconds(i * 2));
    grading.send(SIGKILL);
    grading.finish();
    latest = Folder::read(grades);
    CHECK((latest == whole || contains(latest, "ada,softmax,7,")));
  }
  expect(words, 0);
  CHECK(contains(Folder::read(grades), "ada,softmax,7,"));
  CHECK(fs::exists(grades + ".bak"));
  for (const auto& entry : fs::directory_iterator(handed.folder.path()))
    CHECK(entry.path().filename() != "grades.csv.tmp");
}
