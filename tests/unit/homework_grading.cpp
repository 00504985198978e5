// What is said about answers that are neither right nor in the catalogue; follow-through; numbers.
#include <doctest/doctest.h>

#include <limits>

#include "app/homework/compare.h"
#include "app/homework/lab.h"
#include "app/homework/task.h"
#include "app/homework/wrong.h"
#include "homework_support.h"

using namespace attn;
using namespace attn::app;
using namespace attn::app::homework;
using namespace homework_test;
using io_test::check_error;

namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Array rows_moved(const Array& a, std::size_t by) {
  Array out = a;
  for (std::size_t i = 0; i < rows(a); ++i) {
    const auto from = row(a, (i + by) % rows(a));
    std::copy(from.begin(), from.end(), row(out, i).begin());
  }
  return out;
}

Array without_first_row(const Array& a) {
  Array out = empty({rows(a) - 1, columns(a)});
  std::copy(a.begin() + static_cast<std::ptrdiff_t>(columns(a)), a.end(), out.begin());
  return out;
}

const Array kKey = matrix({{0.123, 1.5, -2.25, 7}, {4, 0.505, 0.25, -1}, {2, 3.333, 5, 0.75}});

}  // namespace

TEST_CASE("homework: right numbers in the wrong place are recognised") {
  const auto about = [](const Array& answer) { return misplaced(answer, kKey, 3); };
  CHECK(says(about(transposed(kKey)), "transposed"));
  CHECK(says(about(reshaped(kKey, {4, 3})), "in the shape (4, 3); (3, 4) is asked"));
  CHECK(says(about(reshaped(kKey, {12})), "in the shape (12)"));
  CHECK(says(about(reshaped(transposed(kKey), {3, 4})), "column by column"));
  CHECK(says(about(rows_moved(kKey, 1)), "row too early"));
  CHECK(says(about(rows_moved(kKey, 2)), "row too late"));
  CHECK(says(about(transposed(rows_moved(transposed(kKey), 1))), "column too early"));
  Array swapped = kKey;
  std::swap_ranges(row(swapped, 0).begin(), row(swapped, 0).end(), row(swapped, 2).begin());
  CHECK(says(about(swapped), "right rows in another order"));
  CHECK(says(about(without_first_row(kKey)), "first row is missing"));
  CHECK(says(misplaced(kKey, without_first_row(kKey), 3), "one row too many at the beginning"));
  CHECK(says(misplaced(transposed(kKey), transposed(without_first_row(kKey)), 3),
             "one column too many at the beginning"));
  const auto changed = [](double (*f)(double)) {
    Array out = kKey;
    for (real& x : out) x = static_cast<real>(f(double{x}));
    return out;
  };
  CHECK(says(about(changed([](double x) { return -x; })), "wrong sign"));
  CHECK(says(about(changed([](double x) { return 100 * x; })), "per cent"));
  CHECK(says(about(changed([](double x) { return 3 * x; })), "same multiple"));
  CHECK(
      says(about(changed([](double x) { return std::round(10 * x) / 10; })), "right to 1 digit "));
  CHECK(says(about(changed([](double x) { return std::trunc(x); })), "cut off"));
  CHECK(about(changed([](double x) { return x * x; })) == "");
}

TEST_CASE("homework: rows that are alike are not called shifted, two swapped ones neither") {
  const Array alike = matrix({{0, 1, 5}, {0, 1, 5}, {0, 1, 5}, {0, 1, 5}});
  Array answer = alike;
  answer(3, 2) = 4;
  CHECK(misplaced(answer, alike, 0) == "");
  CHECK(misplaced(transposed(answer), transposed(alike), 0) == "");
  CHECK(says(misplaced(matrix({{0, 1}, {0, 1}, {0, 1}}), matrix({{0, 1}, {0, 1}}), 0),
             "one row too many;"));
  const Array two = matrix({{1, 2}, {3, 4}, {5, 6}});
  CHECK(says(misplaced(matrix({{2, 1}, {4, 3}, {6, 5}}), two, 3), "columns in another order"));
  CHECK(says(misplaced(matrix({{3, 4}, {1, 2}}), matrix({{1, 2}, {3, 4}}), 3),
             "rows in another order"));
}

TEST_CASE("homework: what does not hide is called so, and nothing else is read into it") {
  const real infinity = std::numeric_limits<real>::infinity();
  const Array key = matrix({{0, 0, -infinity}, {0, 0, -infinity}});
  for (const double number : {1.0, -1.0, -100.0, -9999.0}) {
    Array answer = key;
    answer(0, 2) = answer(1, 2) = static_cast<real>(number);
    CAPTURE(number);
    CHECK(says(misplaced(answer, key, 0), "is not hidden: write -inf or -1e9"));
    answer(0, 0) = 3;
    CHECK(misplaced(answer, key, 0) == "");
  }
}

TEST_CASE("homework: a first difference tells its place and its size, and no number of the key") {
  Array answer = kKey;
  answer(1, 2) = real{0.75};
  answer(2, 0) = real{1.9};
  const std::string text = first_difference(answer, kKey, 3, "x");
  CHECK(text ==
        "2 of 12 numbers differ, the first at x[1,2] (counted from 0); the largest difference is "
        "between 0.1 and 1.");
}

TEST_CASE(
    "homework: an answer fits by the digits asked for, and -inf by any large negative number") {
  CHECK(fits(matrix({{0.334}}), matrix({{0.3333}}), 3));
  CHECK_FALSE(fits(matrix({{0.335}}), matrix({{0.3333}}), 3));
  CHECK_FALSE(fits(matrix({{0.3333}, {1}}), matrix({{0.3333, 1}}), 3));
  CHECK(fits(matrix({{0.001f}}), matrix({{0}}), 3));  // as a float a little more than 0.001
  CHECK_FALSE(fits(matrix({{0.0011}}), matrix({{0}}), 3));
  CHECK_FALSE(fits(matrix({{3}}), matrix({{4}}), 0));
  CHECK(fits(matrix({{4}}), matrix({{4}}), 0));
  const real infinity = std::numeric_limits<real>::infinity(), nan = std::nan("");
  CHECK(fits(matrix({{-1e9}}), matrix({{-infinity}}), 3));
  CHECK(fits(matrix({{-infinity}}), matrix({{-infinity}}), 3));
  CHECK_FALSE(fits(matrix({{-100}}), matrix({{-infinity}}), 3));
  CHECK_FALSE(fits(matrix({{nan}}), matrix({{-infinity}}), 3));
  CHECK_FALSE(fits(matrix({{nan}}), matrix({{1}}), 3));
  CHECK(in_shape(zeros({4, 1}), {4}).has_value());
  CHECK(in_shape(zeros({6, 3}), {2, 3, 3}).has_value());
  CHECK_FALSE(in_shape(zeros({3, 6}), {2, 3, 3}).has_value());
  CHECK_FALSE(in_shape(zeros({4, 3}), {3, 4}).has_value());
}

TEST_CASE(
    "homework: what follows from an own mistake follows, and what hides behind zeros does not") {
  const Sheet& sheet = find_sheet("heads");
  const Values given = given_for({}, sheet, "eve");
  Values own = given;
  const Submission submission("heads", "eve");
  for (const SheetStep& step : sheet.steps) {
    Array answer = step.right(own);
    if (step.name == "scores") answer = step.wrong(own)[0].value;  // not scaled
    submission.answer(step.name, csv_of(answer));
    own.set(step.name, answer);
  }
  for (const StepResult& step : submission.grade().steps) {
    CAPTURE(step.name);
    const bool before = step.name.ends_with("_heads");
    CHECK(step.status == (before                  ? Status::right
                          : step.name == "scores" ? Status::wrong
                                                  : Status::follows));
    CHECK(step.points == (step.name == "scores" ? 0 : step.max));
  }
  const Values key = key_of(sheet, given);
  for (const SheetStep& step : sheet.steps)
    submission.answer(step.name, csv_of(zeros(key[step.name].shape())));
  const Result nothing = submission.grade();
  CHECK(nothing.score == 0);
  for (const StepResult& step : nothing.steps) {
    CHECK(step.status == Status::wrong);
    CHECK(step.misconceptions.empty());
  }
}

TEST_CASE("homework: who is mistaken once, computes on and rounds at the end, follows everywhere") {
  for (const char* name : {"softmax", "head", "heads"}) {
    const Sheet& sheet = find_sheet(name);
    for (const char* student : {"eve", "mallory", "trent", "zoe"}) {
      Values own = given_for({}, sheet, student);
      const Submission submission(name, student);
      for (const SheetStep& step : sheet.steps) {
        Array answer = step.right(own);
        if (step.name == "scores") answer = step.wrong(own)[0].value;  // not scaled
        own.set(step.name, answer);                                    // unrounded
        const double unit = std::pow(10, step.digits);
        for (real& x : answer) {
          if (std::isfinite(x)) x = static_cast<real>(std::round(double{x} * unit) / unit);
        }
        submission.answer(step.name, csv_of(answer));
      }
      for (const StepResult& step : submission.grade().steps) {
        CAPTURE(name);
        CAPTURE(step.name);
        CAPTURE(step.message);
        CHECK((step.status == Status::wrong) == (step.name == "scores"));
      }
    }
  }
}

TEST_CASE("homework: nan, endless and huge numbers lead to nothing that follows") {
  const real infinity = std::numeric_limits<real>::infinity();
  for (const char* name : {"softmax", "head", "heads", "encoder", "decoder"}) {
    const Sheet& sheet = find_sheet(name);
    const Values key = key_of(sheet, given_for({}, sheet, "eve"));
    for (const real first : {infinity, -infinity, real{1e38f}, real{-1e38f}}) {
      for (const real then : {static_cast<real>(std::nan("")), infinity, -infinity, real{1e38f}}) {
        for (std::size_t split = 0; split < sheet.steps.size(); ++split) {
          const Submission submission(name, "eve");
          for (std::size_t i = 0; i < sheet.steps.size(); ++i) {
            const SheetStep& step = sheet.steps[i];
            submission.answer(step.name,
                              csv_of(full(key[step.name].shape(), i <= split ? first : then)));
          }
          CAPTURE(name);
          CAPTURE(first);
          CAPTURE(then);
          CHECK(submission.grade().score == 0);
        }
      }
    }
  }
}

TEST_CASE("homework: what follows from a copied answer alone is worth half, from an idea all") {
  for (const char* name : {"softmax", "head", "heads"}) {
    const Sheet& sheet = find_sheet(name);
    const Values donor = key_of(sheet, given_for({}, sheet, "donor"));
    for (int i = 0; i < 10; ++i) {
      const std::string student = "copier " + std::to_string(i);
      const Submission submission(name, student);
      for (const SheetStep& step : sheet.steps)
        submission.answer(step.name, csv_of(donor[step.name].value()));
      const Result result = submission.grade();
      CAPTURE(name);
      CAPTURE(student);
      CHECK(result.score <= 4.5);
      for (const StepResult& step : result.steps) {
        if (step.status != Status::follows) continue;
        CAPTURE(step.name);
        CHECK(step.points == step.max / 2);
        CHECK(says(step.message, "half of the points"));
      }
    }
  }
  // A slip in one number of the scores, or all of them in error by the same factor: full points.
  const Sheet& sheet = find_sheet("softmax");
  for (const bool slip : {true, false}) {
    Values own = given_for({}, sheet, "eve");
    const Submission submission("softmax", "eve");
    for (const SheetStep& step : sheet.steps) {
      Array answer = step.right(own);
      if (step.name == "scores") {
        for (real& x : answer) x *= slip ? real{1} : real{0.3f};
        if (slip) answer(1, 1) += 1;
      }
      submission.answer(step.name, csv_of(answer));
      own.set(step.name, answer);
    }
    const Result result = submission.grade();
    CHECK(result.steps[0].status == Status::wrong);
    CHECK(result.steps[1].status == Status::follows);
    CHECK(result.score == 7);
  }
}

TEST_CASE("homework: zeros are called zeros, and numbers beyond a float's range are endless") {
  const Submission submission("softmax", "ada");
  submission.answer("weights", "0,0,0\n0,0,0\n0,0,0\n");
  CHECK(submission.grade_step("weights").message == "All numbers are 0.");
  for (const char* large : {"1e999", "-1e999", "+1e999", " 1.7976931348623157e+308 "}) {
    submission.answer("scores", std::string(large) + ",1,1\n1,1,1\n1,1,1\n");
    CAPTURE(large);
    CHECK(submission.grade_step("scores").status == Status::wrong);
    CHECK(says(submission.grade_step("scores").message, "infinite"));
  }
  for (const char* bad : {"1e999x", "--1e999", "e", "1e"}) {
    submission.answer("scores", std::string(bad) + ",1,1\n1,1,1\n1,1,1\n");
    CAPTURE(bad);
    CHECK(submission.grade_step("scores").status == Status::unreadable);
  }
  const Submission masked("bert", "ada");
  const Array mask =
      key_of(find_sheet("bert"), given_for({}, find_sheet("bert"), "ada"))["mask"].value();
  masked.answer("mask", replaced(csv_of(mask), "-inf", "-1.7976931348623157e+308"));
  CHECK(masked.grade_step("mask").status == Status::right);
}

TEST_CASE("homework: two ideas that give the same numbers are both named") {
  Sheet sheet = softmax_sheet();
  sheet.steps[0].wrong = [](const Values& v) {
    Array twice = v["q"].value();
    twice = mapped(twice, [](double x) { return 2 * x; });
    return Wrongs{{"scale-missing", twice}, {"scale-by-dk", twice}, {"scale-missing", twice}};
  };
  const Submission submission("softmax", "ada");
  const Values given = given_for({}, find_sheet("softmax"), "ada");
  submission.answer("scores", csv_of(sheet.steps[0].wrong(given)[0].value));
  Manifest m;
  m.sheet = &sheet;
  m.student = "ada";
  Answers answers;
  const Result result = grade_sheet(SubmissionFolder(submission.path(".")), m, given, answers);
  CHECK(result.steps[0].misconceptions == std::vector<std::string>{"scale-missing", "scale-by-dk"});
  CHECK(says(result.steps[0].message, "Several ideas fit: (1)"));
}

TEST_CASE("homework: all zeros earn nothing and accuse of nothing on any sheet") {
  for (const Sheet& sheet : sheets()) {
    if (is_lab(sheet)) continue;
    const Values key = key_of(sheet, given_for({}, sheet, "eve"));
    for (const real number : {real{0}, static_cast<real>(std::nan(""))}) {
      const Submission submission(sheet.name, "eve");
      for (const SheetStep& step : sheet.steps)
        submission.answer(step.name, csv_of(full(key[step.name].shape(), number)));
      for (const StepResult& step : submission.grade().steps) {
        CAPTURE(sheet.name);
        CAPTURE(step.name);
        CHECK(step.status == Status::wrong);
        const bool overflowed = std::isnan(number) && step.name == "large";
        CHECK(step.misconceptions.size() == (overflowed ? 1 : 0));
        CHECK_FALSE(step.message.empty());
      }
    }
  }
}

TEST_CASE(
    "homework: another student, sheet or secret gives other numbers, the same gives the same") {
  const Course secret{false, "a long secret"}, other{false, "another secret"};
  for (const Sheet& sheet : sheets()) {
    CAPTURE(sheet.name);
    const std::string ada = fingerprint(given_for(secret, sheet, "ada"));
    CHECK(ada == fingerprint(given_for(secret, sheet, "ada")));
    CHECK(ada != fingerprint(given_for(secret, sheet, "bob")));
    CHECK(ada != fingerprint(given_for(other, sheet, "ada")));
    CHECK(ada != fingerprint(given_for({}, sheet, "ada")));
  }
}

TEST_CASE("homework: the task shows what is given and never the key") {
  for (const Sheet& sheet : sheets()) {
    if (is_lab(sheet)) continue;
    const Values given = given_for({}, sheet, "<b>`x`</b>");
    const Values key = key_of(sheet, given);
    Manifest m;
    m.sheet = &sheet;
    m.student = "<b>`x`</b>";
    const std::string text = task_text(m, given);
    CAPTURE(sheet.name);
    CHECK(says(text, "`<b>'x'</b>`"));
    CHECK(says(text, "attn homework check .\n"));
    for (const SheetStep& step : sheet.steps) {
      CHECK(says(text, "answers/" + step.name + ".csv"));
      CHECK(says(text, to_string(key[step.name].shape())));
      CHECK_FALSE(says(text, csv_of(key[step.name].value())));
    }
    for (const Given& one : sheet.given) CHECK(says(text, "`" + one.name + "` ("));
  }
}

TEST_CASE("homework: student ids are short text that can be shown") {
  check_student("s1234567");
  check_student("ada@example.org");
  check_student("Zoë Müller");
  check_student("J\u00F6rg \u674E\u660E 7@\u00E9");
  check_student(std::string(64, 'x'));
  for (const std::string& bad :
       {std::string(), std::string(65, 'x'), std::string("a\nb"), std::string("a\0b", 3),
        std::string("a\u200Bb"), std::string("a\u00A0b"), std::string("a\u00ADb"),
        std::string("a\u200Db"), std::string("a\u3164"), std::string("a\U000E0041"),
        std::string("\xff"), std::string(" a"), std::string("a "), std::string("a\u202Eb"),
        std::string("\x1b[31m")}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(check_student(bad), Error);
  }
}
