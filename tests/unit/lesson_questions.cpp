// Answers are computed from the run, and every reply is judged.
#include <doctest/doctest.h>

#include "app/lesson/lesson.h"
#include "app/lesson/question.h"
#include "app/misconceptions.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using io_test::check_bad;

namespace {

Question question(const std::string& lines) {
  const Lesson lesson = parse_lesson("title: T\nminutes: 5\n\n```ask\nquestion: q\n" + lines +
                                         "hint: a\nhint: b\nhint: c\nwhy: d\n```\n",
                                     "l.md");
  return std::get<AskBlock>(lesson.blocks[0]).question;
}

struct World {
  Trace last;
  Traces traces{&last, {}};
  World() {
    last.labels["query"] = {"it", "was"};
    last.labels["key"] = {"the", "it", "tired"};
    last.add(
        "weights", "", {"query", "key"},
        Tensor(matrix({{real(0.25), real(0.25), real(0.5)}, {real(0.1), real(0.5), real(0.4)}})));
  }
  Verdict say(const Question& q, std::string_view reply) const {
    return judge(q, answer_of(q, traces), reply, traces);
  }
};

}  // namespace

TEST_CASE("question: a choice by number or by its text") {
  const World w;
  const Question q = question(
      "choice: The first\n  when: weights[0] argmax == 0\n  betrays: order\nchoice: the last\n  "
      "when: weights[0] argmax == 2\n  betrays: softmax-over-queries: along the columns\n");
  CHECK(answer_of(q, w.traces).value == std::vector<double>{2});
  CHECK(answer_of(q, w.traces).text == "the last (2)");
  CHECK(w.say(q, "2").right);
  CHECK(w.say(q, " THE LAST. ").right);
  const Verdict wrong = w.say(q, "1");
  CHECK(wrong.readable);
  CHECK_FALSE(wrong.right);
  CHECK(wrong.said == "order");
  for (const char* reply : {"3", "0", "1.5", "-1", "x", "", "999999999999999999999"})
    CHECK_FALSE(w.say(q, reply).readable);
}

TEST_CASE("question: what a choice betrays names the help of the catalogue") {
  const World w;
  const Question q = question(
      "choice: a\n  when: weights[0] argmax == 0\n  betrays: softmax-over-queries: Down or "
      "along?\nchoice: b\n  when: weights[0] argmax == 2\n  betrays: no\n");
  const std::string help(find_misconception("softmax-over-queries")->help);
  CHECK(w.say(q, "1").said == "Down or along? " + help);
}

TEST_CASE("question: exactly one choice may hold") {
  const World w;
  check_bad("choices 1 and 2 hold", [&] {
    answer_of(question("choice: a\n  when: 1 == 1\n  betrays: x\nchoice: b\n  when: 2 == 2\n"
                       "  betrays: y\n"),
              w.traces);
  });
  check_bad("no choice holds", [&] {
    answer_of(question("choice: a\n  when: 1 == 2\n  betrays: x\nchoice: b\n  when: 2 == 3\n"
                       "  betrays: y\n"),
              w.traces);
  });
}

TEST_CASE("question: a number with a point or a comma, as a share or a fraction") {
  const World w;
  const Question q = question(
      "number: weights[0, 0]\nwithin: 0.01\nwrong: weights[0, 2] | the largest\nwrong: missing | "
      "never\n");
  for (const char* reply : {"0.25", "0,25", ".25", "+0.255", "1/4", "25%", "25 %", "2.5e-1"}) {
    INFO(reply);
    CHECK(w.say(q, reply).right);
  }
  CHECK(w.say(q, "0.5").said == "the largest");
  CHECK(w.say(q, "0.7").said.empty());
  for (const char* reply :
       {"nan", "inf", "1e999", "one", "0x1", "1/0", "1,2,3", "\x1b[31m", "\xe5\x9b\x9b"}) {
    INFO(reply);
    CHECK_FALSE(w.say(q, reply).readable);
  }
  CHECK_FALSE(w.say(q, std::string(1 << 20, '1')).readable);
  CHECK_FALSE(w.say(q, "\xff\xfe").readable);
}

TEST_CASE("question: thousands in groups, and a count has no decimals") {
  const World w;
  const Question q = question("number: 6000\nwithin: 0\nwrong: 50 | x\n");
  for (const char* reply : {"6000", "6,000", "6 000", "+6,000"}) {
    INFO(reply);
    CHECK(form_of(q, reply) == Form::good);
    CHECK(w.say(q, reply).right);
  }
  for (const char* reply : {"50,3", "50, 3", "50 3", "6,0000", "6,00", "0,600", "6,000 000"}) {
    INFO(reply);
    CHECK(form_of(q, reply) == Form::bad);
    CHECK_FALSE(w.say(q, reply).readable);
  }
}

TEST_CASE("question: a shape in every way of writing it") {
  const World w;
  const Question q = question("shape: weights\nwrong: [3, 2] | turned round\n");
  for (const char* reply : {"2 x 3", "2x3", "[2, 3]", "(2,3)", "2 3", "2 \xc3\x97 3", "2 X 3"}) {
    INFO(reply);
    CHECK(w.say(q, reply).right);
  }
  CHECK(w.say(q, "3 x 2").said == "turned round");
  CHECK_FALSE(w.say(q, "6").readable);  // no shape
  CHECK(form_of(q, "6") == Form::depends_on_run);
  CHECK(form_of(q, "3 x 2") == Form::good);
  CHECK(form_of(q, "two by three") == Form::bad);
  CHECK(contains(expected_reply(q), "7 x 2"));
  CHECK_FALSE(w.say(q, "two by three").readable);
  CHECK(answer_of(q, w.traces).text == "2 x 3");
}

TEST_CASE("question: a vector may be written as a matrix of one row") {
  World w;
  Array row = empty({3});
  row.fill(0);
  w.last.add("pooled", "", {"d"}, Tensor(std::move(row)));
  const Question q = question("shape: pooled\nwrong: [2, 3] | two rows\n");
  for (const char* reply : {"3", "[3]", "1 x 3", "(1, 3)"}) {
    INFO(reply);
    CHECK(w.say(q, reply).right);
  }
  CHECK(w.say(q, "2 x 3").said == "two rows");
  for (const char* reply : {"3 x 1", "1 x 1 x 3"}) CHECK_FALSE(w.say(q, reply).right);
  CHECK_FALSE(w.say(question("shape: weights\nwrong: [3, 2] | x\n"), "1 x 2 x 3").right);
}

TEST_CASE("question: what rounding leaves of a 0 is shown as 0") {
  const World w;
  const auto shown = [&](const std::string& lines) {
    return answer_of(question(lines + "wrong: 5 | x\n"), w.traces).text;
  };
  CHECK(shown("number: weights[0, 0] / 1e7\nwithin: 0.001\n") == "0");
  CHECK(shown("number: weights[0, 0] / 1e7\nwithin: 1e-9\n") == "2.5e-8");
  CHECK(shown("number: weights[0, 0]\nwithin: 0.01\n") == "0.25");
}

TEST_CASE("question: a cell by numbers or by words, and every cell of a tie") {
  const World w;
  const Question q = question("cell: weights argmax\nwrong: [0, 0] | the first\n");
  for (const char* reply : {"0, 2", "0 2", "[0, 2]", "it, tired", "it tired", "1, 1", "was, it",
                            "-1, 1", "It, Tired"}) {
    INFO(reply);
    CHECK(w.say(q, reply).right);
  }
  CHECK(w.say(q, "0, 0").said == "the first");
  CHECK(w.say(q, "it, the").said == "the first");
  CHECK_FALSE(w.say(q, "9, 9").right);
  CHECK_FALSE(w.say(q, "0.5, 1").right);
  CHECK_FALSE(w.say(q, "dog, it").readable);
  CHECK_FALSE(w.say(q, "0").readable);
  CHECK(answer_of(q, w.traces).text ==
        "[0, 2], which is \"it\", \"tired\" (the number there is 0.5)");
}
