// What is wrong with a lesson's prose alone: numbers nobody computed, long screens, commands.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "app/lesson/prose_check.h"
#include "app/lesson/prose_numbers.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;

namespace {

const std::string kHead = "title: T\nminutes: 5\n\n";  // what follows begins in line 4
const std::string kEnd = "\n## What to try next\n\nMore.\n";

/// "LINE: text" for each problem of a lesson with this between its beginning and its end.
std::vector<std::string> problems(const std::string& text) {
  Reading reading(parse_lesson(kHead + text + kEnd, "l.md"));
  std::vector<std::string> out;
  for (const ProseProblem& p : prose_problems(reading))
    out.push_back(fmt::format("{}: {}", p.line, p.text));
  return out;
}

/// The numbers of which the only problem says that nothing holds them.
std::string unproven(const std::string& text) {
  std::string out;
  for (const std::string& problem : problems(text)) {
    const std::size_t begin = problem.find("the number "), end = problem.find(" stands in no");
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    out += (out.empty() ? "" : " ") + problem.substr(begin + 11, end - begin - 11);
  }
  return out;
}

/// A question whose parts are the numbers 21 to 27.
const std::string kAsk =
    "```ask\nquestion: 21\nchoice: 22\n  when: weights size == 23\n  betrays: 24\nchoice: z\n"
    "  when: weights size == 3\n  betrays: m\nhint: 25\nhint: 26\nhint: c\nwhy: 27\n```\n"
    "\n```run\nsoftmax '1 2 3'\n```\n";

std::string paragraphs(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "line\n\n";
  return out;
}

}  // namespace

TEST_CASE("prose: a number that stands in no run, check or question is found, with its line") {
  CHECK(problems("Some words.") == std::vector<std::string>{});
  CHECK(problems("One.\n\nThere are 42\nof them, or 43.") ==
        std::vector<std::string>{
            "6: the number 42 stands in no run, check or ask of this lesson; write {{...}} or a "
            "claim",
            "7: the number 43 stands in no run, check or ask of this lesson; write {{...}} or a "
            "claim"});
}

TEST_CASE("prose: which numbers need a proof") {
  CHECK(unproven("0, 3 and 10 are small") == "");
  CHECK(unproven("11 and 0.5 and 3.25 are not") == "11 0.5 3.25");
  CHECK(unproven("in 1900, 1986 and 2099, not in 1899 or 2100") == "1899 2100");
  CHECK(unproven("1986.5 is no year") == "1986.5");
  CHECK(unproven("65,536 or 65 536") == "65536 65536");
  CHECK(unproven("w_12 and GPT20 are names") == "");
}

TEST_CASE("prose: what a run, a check, a question or a value holds is proven") {
  CHECK(unproven("Take 40.\n\n```run\nembed --dim 40\n```") == "");
  CHECK(unproven("Take 0.25.\n\n```run\nsoftmax '1 2'\n```\n```check\nweights max > 0.25\n```") ==
        "");
  // The claim that tells which choice is right, and what a wrong one betrays, prove nothing.
  CHECK(unproven("21 22 x 23 24 25 x 26 27\n\n" + kAsk) == "23 24");
  CHECK(unproven("```run\nsoftmax '1 2 3'\n```\n\nThe largest is {{weights max | 2}}.") == "");
}

TEST_CASE("prose: numbers of lists and of commands are no claims, other code is") {
  CHECK(unproven("11. eleven\n12. twelve") == "");
  CHECK(unproven("Try `attn embed --dim 64` or `--dim 128`, then 12.5.") == "12.5");
  CHECK(unproven("The matrix `16 x 4`.") == "16");
  CHECK(unproven("A ` alone and 77.") == "77");
}

TEST_CASE("prose: a command that could not be typed is told, a piece of one is not") {
  const auto told = problems("First\nTry `attn softmax --tempratur 2`.");
  REQUIRE(told.size() == 1);
  CHECK(told[0].starts_with("5: `attn softmax --tempratur 2`: "));
  CHECK(problems("`attn softmax --dim x`").size() == 1);
  CHECK(problems("`attn lesson 05 'unfinished`").size() == 1);
  for (const char* fine :
       {"`attn softmax '1 2'`", "`attn heads --help`", "`attn help heads`", "`attn ...`",
        "`attn atend x | less`", "`attn atend > file`", "`atend x`", "attn atend"}) {
    INFO(fine);
    CHECK(problems(fine).empty());
  }
}

TEST_CASE("prose: a screen has at most 15 lines of prose, up to its end, a question or a result") {
  const std::string run = "```run\nsoftmax '1 2 3'\n```\n\n",
                    hidden = "```run hidden\nsoftmax '1 2 3'\n```\n\n";
  // The end of every lesson here has two lines more, on the screen that is open.
  CHECK(problems(paragraphs(13)).empty());
  const auto long_screen = problems(paragraphs(14));
  REQUIRE(long_screen.size() == 1);
  INFO(long_screen[0]);
  CHECK(long_screen[0].starts_with("3: this screen has 16 lines of prose, at most 15; end it"));
  CHECK(problems(paragraphs(15) + "---\n").empty());
  CHECK(problems(paragraphs(15) + run + paragraphs(13)).empty());
  CHECK(problems(paragraphs(15) + kAsk).empty());
  CHECK(problems(paragraphs(8) + hidden + paragraphs(8)).size() == 1);
  const auto second = problems(paragraphs(1) + "---\n\n" + paragraphs(17));
  REQUIRE(second.size() == 1);
  INFO(second[0]);
  CHECK(second[0].starts_with("7: this screen has 19 lines"));
}

TEST_CASE("prose: long paragraphs count as the lines of a window of 80 columns") {
  std::string words;
  for (int i = 0; i < 15 * 16; ++i) words += "word ";  // 16 in a line of 79 columns
  CHECK(problems(words + "\n\n---\n").empty());
  const auto told = problems(words + "word\n\n---\n");
  REQUIRE(told.size() == 1);
  CHECK(contains(told[0], "has 16 lines"));
}

TEST_CASE("prose: the last heading tells what to try next") {
  Reading none(parse_lesson(kHead + "Words.\n", "l.md"));
  REQUIRE(prose_problems(none).size() == 1);
  CHECK(prose_problems(none)[0].text == "the last heading is \"\", not \"## What to try next\"");
  Reading other(parse_lesson(kHead + "Words.\n" + kEnd + "\n---\n\n## More\n\nx\n", "l.md"));
  REQUIRE(prose_problems(other).size() == 1);
  CHECK(prose_problems(other)[0].text ==
        "the last heading is \"More\", not \"## What to try next\"");
  CHECK(prose_problems(other)[0].line > 8);
}

TEST_CASE("prose: numbers at the edges of a text, long ones, and groups that are none") {
  using Numbers = std::vector<double>;
  CHECK(literal_numbers("").empty());
  CHECK(literal_numbers("none").empty());
  CHECK(literal_numbers("7") == Numbers{7});
  CHECK(literal_numbers("1.") == Numbers{1});
  CHECK(literal_numbers(".5") == Numbers{5});  // a number begins with a digit
  CHECK(literal_numbers("1.2.3") == Numbers{1.2, 3});
  CHECK(literal_numbers("1,234,567.25") == Numbers{1'234'567.25});
  CHECK(literal_numbers("1 2345") == Numbers{1, 2345});
  CHECK(literal_numbers("12,34") == Numbers{12, 34});
  CHECK(literal_numbers("3 100km") == Numbers{3, 100});
  CHECK(literal_numbers("\xc3\xa9"
                        "5 #6 a7") == Numbers{});
  CHECK(literal_numbers("-3") == Numbers{3});
  // Endless digits come to an end, and every group is taken at most once.
  CHECK(literal_numbers(std::string(400, '9')).size() == 1);
  std::string groups = "1";
  for (int i = 0; i < 100; ++i) groups += ",000";
  CHECK(literal_numbers(groups).size() > 1);
}
