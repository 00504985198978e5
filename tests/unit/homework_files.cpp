// Files as people hand them in: other separators, other names, other folders.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/homework/answer_text.h"
#include "app/homework/classroom.h"
#include "app/homework/numbers.h"
#include "app/homework/task.h"
#include "homework_support.h"

using namespace attn;
using namespace attn::app::homework;
using namespace homework_test;
using io_test::Folder;
namespace fs = std::filesystem;

namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string utf16(const std::string& text, bool big) {
  std::string out = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) {
    const std::string two = big ? std::string("\0", 1) + c : std::string(1, c) + '\0';
    out += two;
  }
  return out;
}

void write(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A sheet of this student, with all answers right, or those of `answers_of`.
void hand_in(const std::string& path, const std::string& student) {
  Manifest m;
  m.sheet = &find_sheet("softmax");
  m.student = student;
  const Values given = given_for({}, *m.sheet, student);
  m.numbers = fingerprint(given);
  write_sheet(path, m, given);
  const Values key = key_of(*m.sheet, given);
  for (const SheetStep& step : m.sheet->steps)
    write(path + "/answers/" + step.name + ".csv", csv_of(key[step.name].value()));
}

std::string hint_of(const std::string& text) {
  try {
    parse_answer(text, "x.csv");
  } catch (const Error& e) {
    return e.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("homework: a table is read however a program separates, quotes and encodes it") {
  const Array wanted = matrix({{0.5, -1.25}, {3, 4e-3}});
  const std::string plain = "0.5,-1.25\n3,0.004\n";
  for (const std::string& text :
       {plain, std::string("0.5;-1.25\n3;0.004\n"), std::string("0.5\t-1.25\n3\t0.004\n"),
        std::string("5.0e-01 -1.25e+00\n3.0e+00 4.0e-03\n"), std::string(" 0.5  -1.25\n 3  .004\n"),
        std::string("0,5;-1,25\n3;0,004\n"), std::string("\"0.5\",\"-1.25\"\n\"3\",\"0.004\"\n"),
        std::string("\"0,5\",\"-1,25\"\n3,\"0,004\"\n"), std::string("0,5\t-1,25\n3\t0,004\n"),
        std::string("0.5,\xE2\x88\x92"
                    "1.25\n3,0.004\n"),
        std::string("0.5,-1.25\n\n\n3,0.004\n\n"), std::string("# S\n0.5,-1.25\n3,0.004"),
        std::string("0.5,-1.25\r3,0.004\r"), std::string("0.5,\t-1.25\n3,\t0.004\n"),
        std::string("0.5,\xC2\xA0-1.25\n3,0.004\n"), "\xEF\xBB\xBF" + plain, utf16(plain, false),
        utf16(plain, true), npy_of<double>(wanted, "<f8")}) {
    CAPTURE(text);
    CHECK(largest_difference(parse_answer(text, "x.csv"), wanted) < 1e-6);
  }
  CHECK(std::isinf(parse_answer("-\xE2\x88\x9E,0\n", "x")(0, 0)));
}

TEST_CASE("homework: what cannot be read is called what it is") {
  CHECK(says(hint_of("a,b\n1,2\n"), "first line is a header"));
  CHECK_FALSE(says(hint_of("a,b\nc,d\n"), "header"));
  CHECK_FALSE(says(hint_of("<html>\n"), "header"));
  CHECK(says(hint_of(",0,1\n0,0.5,0.25\n1,3,4\n"), "pandas"));
  CHECK(says(hint_of("[[0.5 1.25]\n [3 4]]\n"), "numpy.savetxt"));
  CHECK(says(hint_of("=A1+1,2\n"), "formula"));
  CHECK(says(hint_of("50%,2\n"), "per cent"));
  CHECK(says(hint_of("1/3,2\n"), "fraction"));
  CHECK(says(hint_of("1,5;2,5\n"), "decimal point"));
  CHECK(says(hint_of("PK\x03\x04..."), "save the numbers as CSV"));
  CHECK(says(hint_of("1,,2\n"), "separator too many"));
}

TEST_CASE("homework: an answer under another name or in another place is named, not used") {
  const auto key = key_of(find_sheet("softmax"), given_for({}, find_sheet("softmax"), "ada"));
  const std::string csv = csv_of(key["weights"].value());
  for (const char* name : {"weights.CSV", "Weights.csv", "weights.csv.txt", "weights (1).csv",
                           "weights.txt", "WEIGHTS.NPY"}) {
    const Submission submission("softmax", "ada");
    submission.write_answer(name, csv);
    const StepResult step = submission.grade_step("weights");
    CAPTURE(name);
    CHECK(step.status == Status::missing);
    CHECK(says(step.message, "There is no answers/weights.csv"));
    CHECK(says(step.message, std::string("answers/") + name + " was not used"));
  }
  const Submission beside("softmax", "ada");
  write(beside.path("weights.csv"), csv);
  CHECK(says(beside.grade_step("weights").message, "weights.csv lies beside homework.json"));
  const Submission other("softmax", "ada");
  other.write_answer("result.csv", csv);
  CHECK(says(other.grade_step("weights").message, "no step has this name: answers/result.csv"));
  const Submission none("softmax", "ada");
  write(none.path("Thumbs.db"), "x");
  CHECK(none.grade_step("weights").message == missing_message("weights"));
}

TEST_CASE("classroom: submissions are found in the folders that learning platforms make") {
  const Folder folder;
  const std::string all = folder / "all";
  hand_in(all + "/Ada_123_assignsubmission_file_/sheet1", "ada");
  hand_in(all + "/bob/Desktop/homework/softmax", "bob");
  hand_in(all + "/two/a", "cleo");
  hand_in(all + "/two/b", "dan");
  fs::create_directories(all + "/__MACOSX/bob");
  write(all + "/Thumbs.db", "x");
  write(all + "/grades.csv", "student\n");
  write(all + "/eve.zip", "PK");
  write(all + "/frank/weights.csv", "1,2\n");
  std::vector<std::string> left_out;
  const std::vector<Result> results = grade_all({all}, {}, false, nullptr, &left_out);
  REQUIRE(results.size() == 6);
  CHECK(results[0].student == "ada");
  CHECK(results[0].folder == all + "/Ada_123_assignsubmission_file_/sheet1");
  std::size_t right = 0;
  for (const Result& r : results) right += r.all_right() ? 1 : 0;
  CHECK(right == 4);
  CHECK(says(results[2].problem, "eve.zip is called an archive, but is no zip and no tar"));
  CHECK(says(results[3].problem, "it holds weights.csv"));
  CHECK(left_out ==
        std::vector<std::string>{all + "/Thumbs.db", all + "/__MACOSX", all + "/grades.csv"});
}

TEST_CASE("classroom: files without homework.json are one submission that cannot be graded") {
  const Folder folder;
  write(folder / "ada/weights.csv", "1,2\n");
  write(folder / "ada/scores.csv", "1,2\n");
  const std::vector<Result> results = grade_all({folder / "ada"}, {}, false, nullptr);
  REQUIRE(results.size() == 1);
  CHECK(says(results[0].problem, "it holds scores.csv, weights.csv. Hand in the folder"));
}

TEST_CASE("classroom: a wrong answer that somebody else wrote too is told to the grader") {
  const Folder folder;
  const Sheet& sheet = find_sheet("softmax");
  const auto mistaken = [&](const char* student, bool copied) {
    hand_in(folder / student, student);
    Array scores = key_of(sheet, given_for({}, sheet, "ada"))["scores"].value();
    if (!copied) scores = key_of(sheet, given_for({}, sheet, student))["scores"].value();
    for (std::size_t i = 0; i < scores.size(); ++i)
      scores.data()[i] = scores.data()[i] * real{1.7f} + static_cast<real>(i % 4);
    write(folder / (std::string(student) + "/answers/scores.csv"), csv_of(scores));
  };
  mistaken("ada", false);
  mistaken("bob", true);
  mistaken("cleo", false);
  const std::vector<Result> results = grade_all({folder.path()}, {}, false, nullptr);
  REQUIRE(results.size() == 3);
  CHECK(says(results[1].remark, "9 of its numbers are wrong here and the same in the submission"));
  CHECK(says(results[1].remark, "of ada"));
  CHECK(results[2].remark.empty());
}

TEST_CASE("homework: a secret that can be guessed is called so") {
  CHECK(Course{false, "a"}.is_guessable());
  CHECK_FALSE(Course{false, "correct horse battery staple"}.is_guessable());
  CHECK_FALSE(Course{}.is_guessable());
}
