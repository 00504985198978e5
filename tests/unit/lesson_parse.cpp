// The format of a lesson: every mistake is told with its line.
#include <doctest/doctest.h>

#include "app/lesson/lesson.h"
#include "app/lesson/markdown.h"
#include "app/lesson/prose_numbers.h"
#include "attn/io/file.h"
#include "attn/text/shell_words.h"
#include "io_support.h"

using namespace attn;
using namespace attn::app;
using io_test::check_bad;
using io_test::check_error;

namespace {

const std::string kHead = "title: T\nminutes: 5\n\n";

/// An ask block of these lines, and the hints and why that every one needs.
std::string ask(const std::string& lines) {
  return kHead + "```ask\n" + lines + "hint: a\nhint: b\nhint: c\nwhy: d\n```\n";
}
const std::string kChoices =
    "question: q\nchoice: x\n  when: a == 1\n  betrays: m\nchoice: y\n  when: a == 2\n"
    "  betrays: n\n";

Lesson parse(const std::string& text) { return parse_lesson(text, "l.md"); }

}  // namespace

TEST_CASE("lesson: every kind of block is read with its line") {
  const std::string path = ATTN_LESSONS_DIR "/00-weights/lesson.md";
  const Lesson lesson = parse_lesson(read_file(path), path);
  CHECK(lesson.title == "Every kind of block");
  CHECK(lesson.minutes == 5);
  CHECK(lesson.needs.empty());
  std::vector<std::size_t> kinds;
  for (const LessonBlock& block : lesson.blocks) kinds.push_back(block.index());
  CHECK(kinds == std::vector<std::size_t>{0, 2, 1, 0, 5, 0, 4, 4, 2, 3, 0, 4, 4, 2, 3, 6, 0});
  const auto& hidden = std::get<RunBlock>(lesson.blocks[1]);
  CHECK(hidden.hidden);
  CHECK(hidden.name == "small");
  CHECK(hidden.words == std::vector<std::string>{"softmax", "1 2 3"});
  CHECK(hidden.line == 15);
  const Question& q = std::get<AskBlock>(lesson.blocks[6]).question;
  CHECK(q.choices.size() == 3);
  CHECK(q.choices[2].betrays.misconception == "softmax-over-queries");
  CHECK(q.hints[1] == "The softmax keeps the order: the largest score gets the largest weight.");
  const auto& check = std::get<CheckBlock>(lesson.blocks[9]);
  CHECK(check.rows[0].source == "weights row-sums == 1 within 1e-6");
  CHECK(check.rows[0].shown == "every row sums to 1");
  CHECK(check.rows[1].shown == "weights shape == [4, 4]");
}

TEST_CASE("lesson: line ends of other systems and a byte order mark change nothing") {
  std::string text = kHead + "Hello.\n\n```run\nattend\n```\n";
  const Lesson plain = parse(text);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.replace(at, 1, "\r\n");
  const Lesson other = parse("\xEF\xBB\xBF" + text);
  CHECK(other.title == plain.title);
  REQUIRE(other.blocks.size() == plain.blocks.size());
  CHECK(std::get<RunBlock>(other.blocks[1]).command == "attend");
}

TEST_CASE("lesson: what is wrong is told with file and line") {
  const std::pair<std::string, const char*> kBad[] = {
      {"", "l.md:1: the lesson has no title"},
      {"title: T\n\n", "l.md:1: the lesson has no minutes"},
      {"title: T\nminutes: 99\n\n", "l.md:2: minutes are a number from 1 to 20"},
      {"title: T\nminutes: 5x\n\n", "l.md:2: minutes"},
      {"title: T\nneeds: 4\n\n", "l.md:2: \"4\" is no number of a lesson"},
      {"titel: T\n\n", "l.md:1: \"titel: T\" is no line"},
      {kHead + "```run\nattend\n", "l.md:4: this block has no end"},
      {kHead + "```\nattend\n```\n", "l.md:4: no kind of block is \"\""},
      {kHead + "```python\nx\n```\n", "no kind of block is \"python\""},
      {kHead + "```run\n\n```\n", "l.md:4: a run block holds one command line"},
      {kHead + "```run\na\nb\n```\n", "one command line"},
      {kHead + "```run A\na\n```\n", "\"A\" after run"},
      {kHead + "```run beside:none\na\n```\n", "no run before this one has the name \"none\""},
      {kHead + "```run a\nx\n```\n```run a\nx\n```\n", "l.md:7: a run before this one"},
      {kHead + "```run\nattn attend\n```\n", "l.md:5: a run block's command stands without"},
      {kHead + "```run\nattend 'x\n```\n", "l.md:5: a quote is not closed"},
      {kHead + "```check\n```\n", "l.md:4: a check block without claims"},
      {kHead + "```check\n\na == \n```\n", "l.md:6: \"a ==\", column 5: expected a value"},
      {kHead + "```check more\na == 1\n```\n", "nothing stands after \"check\""},
      {kHead + "```text\n" + std::string(80, 'x') + "\n```\n", "l.md:5: a line of 80 columns"},
      {kHead + "```text\n\n```\n", "a text block without text"},
      {kHead + "```exercise\n../x\n```\n", "an exercise block holds one name"},
      {kHead + "a {{b\n}}\n", "l.md:4: {{ without }}"},
      {kHead + "x\n\na {{b +}}\n", "l.md:6: \"b +\", column 4"},
      {kHead + "a {{b | x}}\n", "after | stands the number of decimals"},
      {kHead + "\xff\n", "l.md is not UTF-8 at byte 21"},
  };
  for (const auto& row : kBad) {
    const std::string text = row.first, part = row.second;
    INFO(text);
    check_bad(part, [&] { parse(text); });
  }
  check_error(ErrorKind::limit, "bytes", [] { parse(std::string(2 << 20, 'x')); });
  std::string many = kHead;
  for (int i = 0; i < 1200; ++i) many += "---\n";
  check_error(ErrorKind::limit, "more than 1000 blocks", [&] { parse(many); });
}

TEST_CASE("lesson: a question that lacks something is refused") {
  CHECK(parse(ask(kChoices)).blocks.size() == 1);
  CHECK(parse(ask("question: q\nnumber: 1\nwrong: 2 | no\n")).blocks.size() == 1);
  const std::pair<std::string, const char*> kBad[] = {
      {ask("number: 1\nwrong: 2 | x\n"), "l.md:4: the question has no \"question:\""},
      {ask("question: q\n"), "no \"choice:\""},
      {ask("question: q\nchoice: x\n  when: a == 1\n  betrays: m\n"), "no second choice"},
      {ask("question: q\nchoice: x\nchoice: y\n  when: a == 1\n"),
       "l.md:6: this choice has no \"when:\""},
      {ask("question: q\nchoice: x\n  when: a == 1\nchoice: y\n  when: a == 2\n  betrays: n\n"),
       "l.md:6: this choice has no \"betrays:\""},
      {ask("question: q\nnumber: 1\n"), "no \"wrong: EXPRESSION"},
      {ask("question: q\nnumber: 1\nwrong: 2\n"), "l.md:7: \"wrong:\" is an expression, |,"},
      {ask("question: q\nnumber: 1\nwrong: 2 |\n"), "nothing after |"},
      {ask("question: q\nnumber: 1\nnumber: 2\n"), "one question asks for one thing"},
      {ask("question: q\nquestion: r\n"), "stands here twice"},
      {ask("question: q\ncell: weights\n"), "a cell is asked as"},
      {ask("question: q\nnumber: 1\nwithin: -1\n"), "needs a number from 0 up"},
      {ask("question: q\nwithin 3\n"), "expected \"key: value\""},
      {ask("question: q\nwhen: a == 1\n"), "\"when\" has no place here"},
      {ask("question:\n"), "nothing after \"question:\""},
      {ask(kChoices + "hint: four\n"), "the question has 4 hints, not three"},
      {ask("question: q\nchoice: x\n  betrays: scale-mising: x\n"),
       "l.md:7: no misconception \"scale-mising\""},
  };
  for (const auto& row : kBad) {
    const std::string text = row.first, part = row.second;
    INFO(text);
    check_bad(part, [&] { parse(text); });
  }
}

TEST_CASE("lesson: command lines are split as a shell splits them") {
  using Words = std::vector<std::string>;
  CHECK(shell_words("attend 'the animal' --seed 2") ==
        Words{"attend", "the animal", "--seed", "2"});
  CHECK(shell_words("a \"b c\"'d e' '' \\'x") == Words{"a", "b cd e", "", "'x"});
  CHECK(shell_words("'a \\ b' \"c \\\" d\"") == Words{"a \\ b", "c \" d"});
  CHECK(shell_words("  ").empty());
  for (const Words& words : {Words{"a b", "c'd", "", "-e"}, Words{"x\"y", "$z"}})
    CHECK(shell_words(shell_line(words)) == words);
}

TEST_CASE("lesson: the numbers in prose") {
  using Numbers = std::vector<double>;
  CHECK(literal_numbers("6 000 vectors, 25 ms, 0.5 and 1,024") == Numbers{6000, 25, 0.5, 1024});
  CHECK(literal_numbers("x2, w_3 and GPT2 are names; 65M is 65") == Numbers{65, 65});
  CHECK(literal_numbers("from 3 to 17.") == Numbers{3, 17});
  CHECK(literal_numbers("2, 300 words") == Numbers{2, 300});
}

TEST_CASE("markdown: paragraphs, lists, tables; links and pictures ask for nothing") {
  const auto p = parse_markdown(
      "## A *title*\n\ntext `code` **strong**\nmore\n\n- one\n- two\n  1. inner\n\n| a | b "
      "|\n|---|---|\n| 1 | `2` |\n\n> said\n\n[link](javascript:x) ![pic](http://e/x.png) "
      "<b>no</b> <!-- x -->\n");
  REQUIRE(p.size() == 8);
  CHECK(p[0].kind == Paragraph::Kind::heading);
  CHECK(p[0].level == 2);
  CHECK(plain_text(p[1].spans) == "text `code` strong more");
  CHECK(p[2].mark == "-");
  CHECK(p[4].mark == "1.");
  CHECK(p[4].level == 1);
  REQUIRE(p[5].rows.size() == 2);
  CHECK(plain_text(p[5].rows[1][1]) == "`2`");
  CHECK(p[6].kind == Paragraph::Kind::quote);
  CHECK(plain_text(p[7].spans) == "link (javascript:x) pic <b>no</b> <!-- x -->");
}
