// A learner reads a lesson: everything typed here is typed by a script.
#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <stdexcept>

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
  explicit Script(std::deque<std::string> lines, std::size_t width = 80, std::size_t rows = 0)
      : lines_(std::move(lines)), rows_(rows) {
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
  std::size_t rows() const override { return rows_; }
  const RenderOptions& options() const override { return options_; }

  std::string out;

 private:
  std::deque<std::string> lines_;
  std::size_t rows_;
  RenderOptions options_;
};

/// The first answer and what came with it.
AnswerRecord answered(bool right, int confidence, int hints = 0, bool shown = false) {
  AnswerRecord out;
  out.right = right;
  out.confidence = confidence;
  out.hints = hints;
  out.shown = shown;
  out.answered = out.done = true;
  return out;
}

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
             std::size_t width = 80, std::size_t rows = 0) {
  Reading reading(fixture(slug));
  Script script(std::move(lines), width, rows);
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
  CHECK(o.record.answers.at(1) == answered(true, 3));
  CHECK(o.record.answers.at(2) == answered(true, 2));
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
  CHECK(o.record.answers.at(1) == answered(false, 3));
  CHECK(o.record.answers.at(2) == answered(false, 1));
  CHECK(contains(o.out, "Sure and wrong is where most is to be learnt: look again at screen 1."));
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
  CHECK(o.record.answers.at(1).hints == 3);
  CHECK(o.record.answers.at(1).shown);
  CHECK_FALSE(o.record.answers.at(1).answered);
  CHECK_FALSE(contains(o.out, "confidence"));  // no table of zeros
  CHECK(contains(o.out, "Hints: 3. Answers shown to you: 2."));
}

TEST_CASE("session: nonsense is asked again and never counts") {
  const Outcome o = read("01-next", {"", "what", std::string(100'000, 'x'), "\x1b[2J",
                                     "\xe5\x9b\x9b", "\xff", "1", "9", "maybe", "", ""});
  CHECK(contains(o.out,
                 "Please write a number (one, as in 12 or 0.5); or h for a hint, s to be shown."));
  CHECK_FALSE(contains(o.out, "\x1b"));
  REQUIRE(o.record.answers.count(1) == 1);
  CHECK(o.record.answers.at(1) == answered(true, 0));
}

TEST_CASE("session: quitting says where to resume, and the next time goes on there") {
  const Outcome first = read("01-next", {"1", "2", "", "q"});
  CHECK_FALSE(first.finished);
  CHECK(contains(first.out, "You stopped at screen 2 of 4. Go on with: attn lesson 01"));
  CHECK(first.record.screen == 1);
  const Outcome second = read("01-next", {"2", "2", "", "", ""}, first.record);
  CHECK(contains(second.out, "You go on at screen 2 of 4"));
  CHECK_FALSE(contains(second.out, "What do the weights"));
  CHECK(second.finished);
  CHECK(second.record.answers.size() == 2);
}

TEST_CASE("session: g goes to a screen, from every prompt, and only to one that is there") {
  const Outcome at_screen = read("00-weights", {"g 99", "g 2", "G2", "q"});
  CHECK(contains(at_screen.out, "This lesson has screens 1 to "));
  CHECK(contains(at_screen.out, "You stopped at screen 2 of"));
  CHECK(at_screen.record.screen == 1);
  CHECK(contains(read("00-weights", {"g 2", "g 1", "q"}).out, "You stopped at screen 1 of"));
}

TEST_CASE("session: two runs stand side by side where the window has room, else below each other") {
  LessonRun left, right;
  left.words = {"left"};
  right.words = {"right"};
  left.trace.say("one\ntwo\nthree");
  right.trace.say("four");
  RenderOptions options;
  const std::string wide = show_beside(&left, right, options);
  CHECK(contains(wide, "$ attn left" + std::string(30, ' ') + "$ attn right\n"));
  CHECK(contains(wide, "\nthree\n"));
  options.width = 60;
  const std::string narrow = show_beside(&left, right, options);
  CHECK(narrow == show_run(left, options) + "\n" + show_run(right, options));
  CHECK(show_beside(nullptr, right, options) == show_run(right, options));
}

TEST_CASE(
    "session: where the program's own checks hold, one line counts them; a failing one stays") {
  LessonRun run;
  run.words = {"x"};
  for (const double difference : {0.0, 0.0, 1.0})
    run.trace.check("difference " + std::to_string(difference), difference, 0.5);
  for (const bool plain : {false, true}) {
    RenderOptions options;
    options.plain = plain;
    const std::string text = show_run(run, options);
    CHECK(contains(text, "2 checks hold."));
    CHECK_FALSE(contains(text, "difference 0.0"));
    CHECK(contains(text, "difference 1.0"));
  }
}

TEST_CASE("session: it begins at the screen that was asked for, read before or not") {
  for (const bool finished : {false, true}) {
    Reading reading(fixture("00-weights"));
    Script script({"q"});
    LessonRecord record;
    record.finished = finished;
    hold_session(
        reading, "00", script, record, [](const LessonRecord&) {}, 1);
    CHECK(contains(script.out, "You stopped at screen 2 of"));
  }
}

TEST_CASE("session: where one says how sure one is, other letters are answered") {
  const std::string out = read("01-next", {"1", "h", "x", "2", "q"}).out;
  CHECK(contains(out, "First say how sure you are of the answer that you gave"));
  CHECK(contains(out, "Write 1, 2 or 3, or press Enter."));
  CHECK(contains(out, "Right."));
}

TEST_CASE("session: a place that the lesson no longer has is no trouble") {
  LessonRecord record;
  record.screen = 99;
  CHECK(contains(read("01-next", {}, record).out, "screen 4 of 4"));
}

TEST_CASE("session: b goes back, and the first answer stays") {
  const Outcome o = read("01-next", {"6", "2", "1", "", "b", "1", "", "2", "1", "", "", ""});
  CHECK(o.finished);
  CHECK(o.record.answers.at(1) == answered(false, 2));
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
  CHECK(contains(o.out, "Now: attn attend 'the animal was tired' --show weights"));
  CHECK(contains(o.out, "$ attn attend --show weights 'a b c'"));
  CHECK(contains(o.out, "no label \"tired\"") == false);
  CHECK(contains(o.out, "they were about its own command, not yours"));
  CHECK_FALSE(contains(o.out, "FAILS"));
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
        Words{"attend", "--seed", "3", "--show=weights", "'a dog' ran"});
  CHECK(changed_command(attend, "it's late").back() == "it's late");
  CHECK(changed_command(attend, "'the dog'").back() == "the dog");
  CHECK(changed_command(attend, "seed of doubt").back() == "seed of doubt");
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
  CHECK(changed_command({"attend", "--seed", "3", "--plain"}, "--seed=4 --plain") ==
        Words{"attend", "--seed=4", "--plain"});
}

TEST_CASE("session: what is offered to change is what the command has") {
  CHECK(contains(possible_changes({"heads", "a b"}), "another sentence, seed 3, size 16"));
  CHECK(contains(possible_changes({"heads", "a b"}), "--heads 4"));
  CHECK_FALSE(contains(possible_changes({"attend", "a b"}), "--heads"));
  CHECK_FALSE(contains(possible_changes({"train", "first"}), "another sentence"));
}

TEST_CASE("session: q at the change prompt changes nothing, and the lesson goes on") {
  const Outcome o =
      read("00-weights", {"", "2", "2", "", "4 x 4", "2", "", "e", "q", "e", "it's late", "q"});
  CHECK(contains(o.out, "Enter or q changes nothing."));
  CHECK(contains(o.out, "it'\\''s late"));
  CHECK(contains(o.out, "You stopped at screen 4 of 8"));
}

TEST_CASE("session: how sure one is, is asked before the run is computed") {
  Lesson lesson = fixture("01-next");
  bool asked = false, computed = false;
  Script script({"1", "3"});
  Reading reading(lesson, [&]() -> std::unique_ptr<Progress> {
    asked = contains(script.out, "How sure are you?");
    computed = true;
    return nullptr;
  });
  LessonRecord record;
  hold_session(reading, "01", script, record, [](const LessonRecord&) {});
  CHECK(computed);
  CHECK(asked);
}

TEST_CASE("session: a mistake of ours in a block is told, and the lesson goes on") {
  Script script({"", "2", "2", "", "4 x 4", "2", "", "e", "another one", "", "q"});
  int runs = 0;
  Reading reading(fixture("00-weights"), [&]() -> std::unique_ptr<Progress> {
    if (++runs > 1) throw std::out_of_range("vector::_M_range_check");
    return nullptr;
  });
  LessonRecord record;
  CHECK_FALSE(hold_session(reading, "00", script, record, [](const LessonRecord&) {}));
  CHECK(runs > 1);
  CHECK(contains(script.out, "internal error: vector::_M_range_check"));
  CHECK(contains(script.out, "You stopped at screen 5 of 8"));
}

TEST_CASE("session: the end of input, or q, where one says how sure one is leaves the lesson") {
  for (const std::deque<std::string>& lines :
       {std::deque<std::string>{"1"}, std::deque<std::string>{"1", "Q"}}) {
    const Outcome o = read("01-next", lines);
    CHECK(contains(o.out, "Enter skips"));
    CHECK(contains(o.out, "You stopped at screen 1 of 4"));
    CHECK_FALSE(contains(o.out, "Right."));
  }
}

TEST_CASE("session: capital letters are the same commands") {
  const Outcome o = read("01-next", {"H", "S", "", "B", "", "Q"});
  CHECK(contains(o.out, "Hint 1 of 3"));
  CHECK(contains(o.out, "Answer: 1"));
  CHECK(contains(o.out, "You stopped at screen 2 of 4"));
}

TEST_CASE("session: all hints and all shown answers are counted, after a wrong answer too") {
  const Outcome o = read("01-next", {"6", "3", "h", "h", "s", "", "1", "1", "h", "s", "", "", ""});
  CHECK(o.finished);
  CHECK(o.record.answers.at(1) == answered(false, 3, 2, true));
  CHECK(contains(o.out, "Hints: 3. Answers shown to you: 2."));
}

TEST_CASE("session: what was answered right is not asked again after a pause") {
  const Outcome first = read("01-next", {"6", "1", "1", "q"});
  CHECK(first.record.answers.at(1).done);
  const Outcome second = read("01-next", {"", "q"}, first.record);
  CHECK(contains(second.out, "You had this one before. The softmax divides by the sum."));
  CHECK(contains(second.out, "You stopped at screen 2 of 4"));
}

TEST_CASE("session: what is taller than the window waits for Enter, and q leaves there") {
  const std::deque<std::string> lines = {"1", "3", "", "2", "2", "", "", "", ""};
  const Outcome whole = read("01-next", lines, {}, 80, 40);
  CHECK_FALSE(contains(whole.out, "-- more"));
  const Outcome small = read("01-next", {"1", "3", "", "2", "2", "", "", "q"}, {}, 80, 8);
  CHECK(contains(small.out, "-- more: Enter --"));
  CHECK(contains(small.out, "You stopped at screen"));
  // Between two waits there is never more than a window.
  std::size_t height = 0;
  for (const std::string& line : attn::test::lines(small.out)) {
    height = contains(line, " > ") || contains(line, "-- more") ? 0 : height + 1;
    CHECK(height <= 8);
  }
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
