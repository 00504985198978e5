// One mistake costs one step: what is computed on from it, in full precision and with every file
// rounded as asked, follows.
#include <doctest/doctest.h>

#include <optional>

#include "app/homework/compare.h"
#include "app/homework/numbers.h"
#include "app/homework/wrong.h"
#include "attn/ops/ops.h"
#include "homework_support.h"

using namespace attn;
using namespace attn::app::homework;
using namespace homework_test;

namespace {

bool is_finite(const Array& a) {
  return std::all_of(a.begin(), a.end(), [](real x) { return std::isfinite(x); });
}

/// What somebody hands in who writes `mistake` for the step and computes on, unrounded.
struct Handed {
  Submission submission;
  bool whole = true;  ///< every later step could be computed, and gives different finite numbers
};

Handed handed(const Sheet& sheet, const std::string& student, const SheetStep& wrong,
              const Array& mistake, bool rounded) {
  Handed out{Submission(sheet.name, student)};
  Values own = given_for({}, sheet, student);
  for (const SheetStep& step : sheet.steps) {
    Array answer;
    try {
      answer = step.name == wrong.name ? mistake : step.right(own);
    } catch (const Error&) {
      out.whole = false;
      return out;
    }
    if (&step != &wrong && step.digits > 0) out.whole &= is_finite(answer) && !is_constant(answer);
    own.set(step.name, answer);
    out.submission.answer(step.name, csv_of(rounded ? rounded_to(answer, step.digits) : answer));
  }
  return out;
}

/// Mistakes that no catalogue names.
std::vector<Array> unnamed(const Array& right) {
  std::vector<Array> out;
  Rng rng(7);
  for (int kind = 0; kind < 4; ++kind) {
    Array a = right;
    for (std::size_t i = 0; i < a.size(); ++i) {
      real& x = a.data()[i];
      const auto noise = static_cast<real>(rng.below(1000)) / 1000;
      if (kind == 0) x += noise;
      if (kind == 1) x = x * real{1.37f} + real{0.123456f};
      if (kind == 2 && i == a.size() / 2) x += real{0.7654321f};
      if (kind == 3) x = x * noise;
    }
    out.push_back(std::move(a));
  }
  return out;
}

/// Wrong ids, places and masks: two numbers swapped, one repeated.
std::vector<Array> other_places(const Array& right) {
  std::vector<Array> out;
  for (const std::size_t i : {std::size_t{1}, right.size() / 2}) {
    Array swapped = right, repeated = right;
    std::swap(swapped.data()[i], swapped.data()[i + 1]);
    repeated.data()[i] = right.data()[i - 1];
    out.push_back(std::move(swapped));
    out.push_back(std::move(repeated));
  }
  return out;
}

std::size_t expect_only(const Sheet& sheet, const std::string& student, const SheetStep& wrong,
                        const Array& mistake, bool named) {
  std::size_t tried = 0;
  for (const bool rounded : {true, false}) {
    const Handed one = handed(sheet, student, wrong, mistake, rounded);
    if (!one.whole) continue;
    ++tried;
    for (const StepResult& step : one.submission.grade().steps) {
      CAPTURE(sheet.name);
      CAPTURE(student);
      CAPTURE(wrong.name);
      CAPTURE(step.name);
      CAPTURE(step.message);
      CAPTURE(rounded);
      if (step.name == wrong.name) continue;
      const bool good = step.status == Status::right || step.status == Status::follows;
      CHECK(good);
      if (named) CHECK(step.points == step.max);
    }
  }
  return tried;
}

}  // namespace

TEST_CASE("homework: after one mistake of the catalogue, all that is computed from it counts") {
  std::size_t tried = 0;
  for (const Sheet& sheet : sheets()) {
    if (is_lab(sheet)) continue;
    for (const char* student : {"ada", "bob", "cleo", "dan"}) {
      const Values key = key_of(sheet, given_for({}, sheet, student));
      for (const SheetStep& step : sheet.steps) {
        if (!step.wrong) continue;
        for (const Wrong& wrong : step.wrong(key))
          tried += expect_only(sheet, student, step, wrong.value, true);
      }
    }
  }
  CHECK(tried > 1000);
}

TEST_CASE("homework: after one mistake that has no name, all that is computed from it follows") {
  std::size_t tried = 0;
  for (const Sheet& sheet : sheets()) {
    if (is_lab(sheet)) continue;
    for (const char* student : {"ada", "bob", "cleo", "dan"}) {
      const Values key = key_of(sheet, given_for({}, sheet, student));
      for (const SheetStep& step : sheet.steps) {
        const Array& right = key[step.name].value();
        for (const Array& mistake : step.digits == 0 ? other_places(right) : unnamed(right))
          tried += expect_only(sheet, student, step, mistake, false);
      }
    }
  }
  CHECK(tried > 500);
}

TEST_CASE(
    "homework: what follows from transposed weights is not taken for the idea that transposes") {
  for (const auto& [name, step] : {std::pair{"softmax", 1}, {"head", 4}, {"heads", 4}}) {
    const Sheet& sheet = find_sheet(name);
    for (int i = 0; i < 20; ++i) {
      const std::string student = "student-" + std::to_string(i);
      const Values key = key_of(sheet, given_for({}, sheet, student));
      const SheetStep& weights = sheet.steps[static_cast<std::size_t>(step)];
      const Array turned = transposed(key[weights.name].value());
      expect_only(sheet, student, weights, turned, false);
    }
  }
}

TEST_CASE("homework: a softmax of the right answer of large is no overflow") {
  for (int i = 0; i < 20; ++i) {
    const Sheet& sheet = find_sheet("softmax");
    const Submission submission("softmax", "student-" + std::to_string(i));
    const Values key = key_of(sheet, given_for({}, sheet, "student-" + std::to_string(i)));
    submission.answer("large", csv_of(softmax({}, key["large"]).value()));
    const StepResult step = submission.grade_step("large");
    CHECK(step.status == Status::wrong);
    CHECK(step.misconceptions.empty());
  }
}

TEST_CASE("homework: a calculator's exponentials, kept to three digits, cost nothing") {
  const Sheet& sheet = find_sheet("softmax");
  for (int i = 0; i < 40; ++i) {
    const std::string student = "pencil " + std::to_string(i);
    const Values key = key_of(sheet, given_for({}, sheet, student));
    const Array scores = rounded_to(key["scores"].value(), 3), &v = key["v"].value();
    Array weights = scores, output = empty({3, 2});
    for (std::size_t r = 0; r < 3; ++r) {
      double sum = 0;
      const auto exp_of = [&](std::size_t c) {
        return std::round(1000 * std::exp(double{scores(r, c)})) / 1000;
      };
      for (std::size_t c = 0; c < 3; ++c) sum += exp_of(c);
      for (std::size_t c = 0; c < 3; ++c) weights(r, c) = static_cast<real>(exp_of(c) / sum);
      for (std::size_t c = 0; c < 2; ++c) {
        double mixed = 0;
        for (std::size_t j = 0; j < 3; ++j) mixed += exp_of(j) / sum * double{v(j, c)};
        output(r, c) = static_cast<real>(mixed);
      }
    }
    const Submission submission("softmax", student);
    submission.answer("scores", csv_of(scores));
    submission.answer("weights", csv_of(rounded_to(weights, 3)));
    submission.answer("output", csv_of(rounded_to(output, 3)));
    const StepResult weighed = submission.grade_step("weights");
    if (weighed.status != Status::right) continue;  // too coarse for the weights themselves
    CAPTURE(student);
    CHECK(submission.grade_step("output").status == Status::right);
  }
}

TEST_CASE("homework: a forgotten [SEP] costs the ids alone") {
  const Sheet& sheet = find_sheet("bert");
  for (const char* student : {"ada", "bob", "cleo", "dan", "eve"}) {
    const Values key = key_of(sheet, given_for({}, sheet, student));
    for (const Wrong& wrong : sheet.steps[0].wrong(key)) {
      const Handed one = handed(sheet, student, sheet.steps[0], wrong.value, true);
      const Result result = one.submission.grade();
      CHECK(result.score == result.max - 1);
      CHECK(result.steps[0].misconceptions == std::vector<std::string>{"sep-missing"});
    }
  }
}

TEST_CASE("homework: what is computed from wrong ids, id by id, follows") {
  const Sheet& sheet = find_sheet("bert");
  for (const char* student : {"ada", "bob", "cleo", "dan"}) {
    const Values key = key_of(sheet, given_for({}, sheet, student));
    const std::size_t between = key["a"].value().size() + 1;
    Array no_sep = key["ids"].value(), hole = no_sep;
    no_sep.data()[between] = no_sep.data()[between - 1];  // a word in place of the first [SEP]
    hole.data()[1] = 0;                                   // [PAD] in the middle
    Array mask = key["mask"].value();
    for (std::size_t i = 0; i < 8; ++i) mask(i, 1) = -std::numeric_limits<real>::infinity();
    const auto status = [&](const Array& ids, const char* step, const Array& answer) {
      const Submission submission("bert", student);
      submission.answer("ids", csv_of(ids));
      submission.answer(step, csv_of(answer));
      return submission.grade_step(step).status;
    };
    CHECK(status(no_sep, "segments", zeros({1, 8})) == Status::follows);
    CHECK(status(hole, "mask", mask) == Status::follows);
    CHECK(status(key["ids"].value(), "segments", zeros({1, 8})) == Status::wrong);
    CHECK(status(key["ids"].value(), "mask", mask) == Status::wrong);
    CHECK(status(zeros({1, 8}), "segments", zeros({1, 8})) == Status::wrong);
  }
}

TEST_CASE("homework: an answer in another shape is computed on in that shape") {
  const Sheet& sheet = find_sheet("decoder");
  for (const char* student : {"ada", "bob", "cleo"}) {
    const Values key = key_of(sheet, given_for({}, sheet, student));
    const Array& t = key["target"].value();
    const Array all = matrix({{0, t(0, 0), t(0, 1), t(0, 2)}});
    for (const bool rounded : {true, false}) {
      const Handed one = handed(sheet, student, sheet.steps[0], all, rounded);
      const Result result = one.submission.grade();
      CHECK(result.score == result.max - 1);
      CHECK(result.steps[0].misconceptions == std::vector<std::string>{"teacher-end"});
      CHECK(result.steps[1].status == Status::follows);
    }
  }
}

TEST_CASE("homework: what is asked elsewhere, or given, is recognised") {
  const Values key = key_of(find_sheet("head"), given_for({}, find_sheet("head"), "ada"));
  const Submission submission("head", "ada");
  submission.answer("q", csv_of(key["k"].value()));
  CHECK(submission.grade_step("q").message == "These are the right numbers of the step k.");
  submission.answer("v", csv_of(key["w_v"].value()));
  CHECK(submission.grade_step("v").message == "These are the numbers of w_v, as they were given.");
}
