// A learner reads a lesson: everything typed here is typed by a script.
#include <doctest/doctest.h>

#include <deque>

#include "app/lesson/edit.h"
#include "app/lesson/markdown.h"
#include "app/lesson/session.h"
#include "app/lesson/show.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;

namespace {

class Script : public Console {
 public:
  explicit Script(std::deque<std::string> lines, std::size_t width = 80)
      : lines_(std::move(lines)) {
    options_.width = width;
  }
  void write(std::string_view text) override { out += text; }
  std::optional<std::string> read_line() override {
    if (lines_.empty()) return {};
    std::string line = lines_.front();
    lines_.pop_front();
    out += "\n";  // a terminal echoes it
    return line;
  }
  bool answers() const override { return true; }
  const RenderOptions& options() const override { return options_; }

  std::string out;

 private:
  std::deque<std::string> lines_;
  RenderOptions options_;
};

Lesson fixture(const std::string& slug) {
  const std::string path = ATTN_LESSONS_DIR "/" + slug + "/lesson.md";
  return parse_lesson(read_file(path), path);
}

struct Outcome {
  std::string out;
  LessonRecord record;
  bool finished = false;
  std::size_t saves = 0;
};

Outcome read(const std::string& slug, std::deque<std::string> lines, LessonRecord record = {},
             std::size_t width = 80) {
  Reading reading(fixture(slug));
  Script script(std::move(lines), width);
  Outcome out;
  out.finished = hold_session(reading, slug.substr(0, 2), script, record,
                              [&](const LessonRecord&) { ++out.saves; });
  out.out = script.out;
  out.record = record;
  return out;
}

}  // namespace

TEST_CASE("session: screens end at ---, at a question, and behind a result") {
  const std::vector<Screen> screens = screens_of(fixture("00-weights"));
  std::vector<std::vector<std::size_t>> blocks;
  std::string asks;
  for (const Screen& screen : screens) {
    blocks.push_back(screen.blocks);
    asks += screen.asks ? '?' : '.';
  }
  CHECK(blocks == std::vector<std::vector<std::size_t>>{
                      {0, 1}, {3, 4, 5, 6}, {7}, {8, 9}, {10, 11}, {12}, {13, 14}, {15, 16}});
  CHECK(asks == ".??.??..");
}

TEST_CASE("session: right answers to the end, with a summary by confidence") {
  const Outcome o = read("01-next", {"1", "3", "", "the last", "2", "", "", ""});
  CHECK(o.finished);
  CHECK(o.record.finished);
  CHECK(o.record.answers.at(1) == AnswerRecord{true, 3, 0, false});
  CHECK(o.record.answers.at(2) == AnswerRecord{true, 2, 0, false});
  CHECK(contains(o.out, "Right. The softmax divides by the sum."));
  CHECK(contains(o.out, "The end of the lesson"));
  CHECK(o.saves >= 4);
}

TEST_CASE("session: the result is not shown before the question is answered") {
  const Outcome o = read("01-next", {});
  CHECK_FALSE(o.finished);
  CHECK(contains(o.out, "What do the weights"));
  CHECK_FALSE(contains(o.out, "$ attn softmax"));
  CHECK_FALSE(contains(o.out, "0.665"));
}

TEST_CASE("session: a wrong answer is told what it betrays, may be tried again, and counts once") {
  const Outcome o = read("01-next", {"6", "3", "7", "1", "", "1", "1", "2", "", "", ""});
  CHECK(o.finished);
  CHECK(contains(o.out, "Not so. That is the sum of the scores."));
  CHECK(contains(o.out, "Not so. Try again;"));
  CHECK(o.record.answers.at(1) == AnswerRecord{false, 3, 0, false});
  CHECK(o.record.answers.at(2) == AnswerRecord{false, 1, 0, false});
  CHECK(contains(o.out, "Sure and wrong is where most is to be learnt: look again at question 1."));
}

TEST_CASE("session: hints come in order, and show me is always there and is recorded") {
  const Outcome o = read("01-next", {"h", "h", "h", "h", "s", "", "s", "", "", ""});
  CHECK(o.finished);
  const std::size_t first = o.out.find("Hint 1 of 3: Weights are shares.");
  const std::size_t second = o.out.find("Hint 2 of 3: Shares of a whole.");
  const std::size_t third = o.out.find("Hint 3 of 3: The whole is one.");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
  CHECK(contains(o.out, "That was the last hint"));
  CHECK(contains(o.out, "Answer: 1"));
  CHECK(o.record.answers.at(1) == AnswerRecord{false, 0, 3, true});
  CHECK(contains(o.out, "Hints: 3. Answers shown to you: 2."));
}

TEST_CASE("session: nonsense is asked again and never counts") {
  const Outcome o = read("01-next", {"", "what", std::string(100'000, 'x'), "\x1b[2J",
                                     "\xe5\x9b\x9b", "\xff", "1", "9", "maybe", "", ""});
  CHECK(contains(o.out, "Please write a number; or h for a hint, s to be shown."));
  CHECK_FALSE(contains(o.out, "\x1b"));
  REQUIRE(o.record.answers.count(1) == 1);
  CHECK(o.record.answers.at(1) == AnswerRecord{true, 0, 0, false});
}

TEST_CASE("session: quitting says where to resume, and the next time goes on there") {
  const Outcome first = read("01-next", {"1", "2", "", "q"});
  CHECK_FALSE(first.finished);
  CHECK(contains(first.out, "You stopped at screen 2 of 4. Go on with: `attn lesson 01`"));
  CHECK(first.record.screen == 1);
  const Outcome second = read("01-next", {"2", "2", "", "", ""}, first.record);
  CHECK(contains(second.out, "You go on at screen 2 of 4"));
  CHECK_FALSE(contains(second.out, "What do the weights"));
  CHECK(second.finished);
  CHECK(second.record.answers.size() == 2);
}

TEST_CASE("session: a place that the lesson no longer has is no trouble") {
  LessonRecord record;
  record.screen = 99;
  CHECK(contains(read("01-next", {}, record).out, "screen 4 of 4"));
}

TEST_CASE("session: b goes back, and the first answer stays") {
  const Outcome o = read("01-next", {"6", "2", "1", "", "b", "1", "", "2", "1", "", "", ""});
  CHECK(o.finished);
  CHECK(o.record.answers.at(1) == AnswerRecord{false, 2, 0, false});
}

TEST_CASE("session: the end of input at any prompt stops without harm") {
  const std::deque<std::string> all = {"h", "6", "3", "1",        "", "2",
                                       "2", "",  "e", "--seed 2", "", ""};
  for (std::size_t n = 0; n < all.size(); ++n) {
    INFO(n);
    const Outcome o = read("01-next", {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)});
    CHECK_FALSE(o.finished);
    CHECK(contains(o.out, "You stopped at screen"));
  }
}

TEST_CASE("session: e runs the last command again with another sentence, seed or size") {
  // to the result of the first questions, then change it
  const Outcome o = read(
      "00-weights", {"",       "2", "2",         "",  "4 x 4",   "2", "",     "e", "a b c", "e",
                     "seed 7", "e", "--heads x", "e", "--dim 0", "e", "back", "e", "",      "q"});
  CHECK(contains(o.out, "Now: `attn attend 'the animal was tired' --show weights`"));
  CHECK(contains(o.out, "$ attn attend --show weights 'a b c'"));
  CHECK(contains(o.out, "no label \"tired\"") == false);
  CHECK(contains(o.out, "FAILS  weights shape == [4, 4] (left 3, right 4 at [0])"));
  CHECK(contains(o.out, "$ attn attend --show weights --seed 7 'a b c'"));
  CHECK(contains(o.out, "--heads"));                  // belongs to another command: said
  CHECK(contains(o.out, "--dim 0 is out of range"));  // and the lesson goes on
  CHECK(contains(o.out, "You stopped at screen 4 of 8"));
}

TEST_CASE("session: prose that speaks of a word which the learner's sentence lacks still reads") {
  const Outcome o =
      read("00-weights", {"", "2", "2", "", "4 x 4", "2", "", "e", "a b c", "", "b", "q"});
  CHECK(contains(o.out, "The word tired gives ? of its weight to itself."));
}

TEST_CASE("session: a changed command line") {
  using Words = std::vector<std::string>;
  const Words attend = {"attend", "the cat", "--seed", "3", "--show=weights"};
  CHECK(changed_command(attend, "a dog") ==
        Words{"attend", "--seed", "3", "--show=weights", "a dog"});
  CHECK(changed_command(attend, "'a dog' ran") ==
        Words{"attend", "--seed", "3", "--show=weights", "a dog ran"});
  CHECK(changed_command(attend, "seed 9") ==
        Words{"attend", "--show=weights", "--seed", "9", "the cat"});
  CHECK(changed_command(attend, "size 16") ==
        Words{"attend", "--seed", "3", "--show=weights", "--dim", "16", "the cat"});
  CHECK(changed_command(attend, "--show=q --mask causal") ==
        Words{"attend", "--seed", "3", "--show=q", "--mask", "causal", "the cat"});
  CHECK(changed_command({"bert", "tokens", "a b"}, "c") == Words{"bert", "tokens", "c"});
  CHECK(changed_command(attend, "-5 degrees").back() == "-5 degrees");
  CHECK(changed_command(attend, "-5 degrees")[4] == "--");
  CHECK(changed_command(attend, "") == attend);
}

TEST_CASE("session: no line of prose is wider than the window, from 20 to 200 columns") {
  const Lesson lesson = fixture("00-weights");
  const std::string hard =
      "A \xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87 word, `" + std::string(60, 'x') +
      "`, an e\xcc\x81 and \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 **strong and long "
      "text**.\n\n- item of a list that goes on and on\n\n| a | long title |\n|---|---|\n| 1 | 2 "
      "|\n";
  for (std::size_t width = 20; width <= 200; width += 9) {
    for (const bool color : {false, true}) {
      RenderOptions options;
      options.width = width;
      std::string text = show_markdown(hard, options);
      for (const LessonBlock& block : lesson.blocks) {
        if (const auto* prose = std::get_if<ProseBlock>(&block))
          text += show_markdown(prose->markdown, options);
        if (const auto* ask = std::get_if<AskBlock>(&block))
          text += show_question(ask->question, options);
      }
      if (color) options.color = true;
      for (const std::string& line : attn::test::lines(text)) {
        INFO(width, ": ", line);
        CHECK(display_width(line) <= width);
      }
    }
  }
}

TEST_CASE("session: a lesson can be read in a window of 20 columns") {
  const Outcome o = read("01-next", {"1", "3", "", "2", "2", "", "", ""}, {}, 20);
  CHECK(o.finished);
}
