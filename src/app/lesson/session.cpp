#include "app/lesson/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>

#include "app/frame/interrupt.h"
#include "app/frame/pager.h"
#include "app/lesson/edit.h"
#include "app/lesson/show.h"
#include "app/lesson/summary.h"
#include "attn/core/error.h"
#include "attn/core/trimmed.h"
#include "attn/render/lines.h"
#include "attn/render/view.h"
#include "attn/text/shell_words.h"
#include "attn/text/utf8.h"

namespace attn::app {

std::vector<Screen> screens_of(const Lesson& lesson) {
  std::vector<Screen> out;
  Screen now;
  bool result = false;
  const auto close = [&] {
    if (!now.blocks.empty()) out.push_back(std::move(now));
    now = {};
    result = false;
  };
  for (std::size_t i = 0; i < lesson.blocks.size(); ++i) {
    const LessonBlock& block = lesson.blocks[i];
    if (std::holds_alternative<ScreenEnd>(block)) {
      close();
      continue;
    }
    if (result && !std::holds_alternative<CheckBlock>(block)) close();
    now.blocks.push_back(i);
    const auto* run = std::get_if<RunBlock>(&block);
    result = result || (run && !run->hidden);
    if (!std::holds_alternative<AskBlock>(block)) continue;
    now.asks = true;
    close();
  }
  close();
  return out;
}

namespace {

/// Thrown where the learner leaves, or goes to another screen, at whatever prompt.
struct Leave {};
struct Jump {
  std::size_t screen;
};

/// The 13 of "g 13".
std::optional<std::size_t> screen_asked_for(std::string_view line) {
  if (line.size() < 2 || (line[0] != 'g' && line[0] != 'G')) return {};
  const std::string_view digits = trimmed(line.substr(1));
  std::size_t screen = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), screen);
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size()) return {};
  return screen;
}

class Session {
 public:
  Session(Reading& reading, const std::string& number, Console& console, LessonRecord& record,
          const std::function<void(const LessonRecord&)>& save, std::optional<std::size_t> first)
      : reading_(reading),
        number_(number),
        console_(console),
        pager_(console),
        record_(record),
        save_(save),
        first_(first),
        screens_(screens_of(reading.lesson())) {}

  bool hold();

 private:
  enum class Step { on, back };

  void write(const std::string& text) {
    if (!pager_.write(text)) throw Leave{};
  }
  void say(const std::string& text) { write(show_line("", text, console_.options())); }
  /// As it stands: it is no Markdown.
  void say_plainly(const std::string& text) { write(plainly(text)); }
  std::string plainly(const std::string& text) const {
    Page page(console_.options());
    page.paragraph(safe_text(text), 0);
    return page.take();
  }
  /// What went wrong in one block does not end the lesson, not even a mistake of ours.
  void complain(const std::exception& e) {
    if (const auto* known = dynamic_cast<const Error*>(&e)) {
      say_plainly(known->what() +
                  (known->hint().empty() ? std::string() : " (" + known->hint() + ")"));
    } else {
      say_plainly(fmt::format(
          "internal error: {} (this is a mistake of attn; please report it with the command line)",
          e.what()));
    }
  }
  /// What was typed behind this; the end of input leaves.
  std::string read(const std::string& text) {
    console_.write("\n" + text + " > ");
    const std::optional<std::string> line = console_.read_line();
    pager_.read();
    if (line) return std::string(trimmed(*line));
    console_.write("\n");
    throw Leave{};
  }
  /// The same where q leaves and "g 13" goes to a screen. A single letter is made small: it is a
  /// command.
  std::string prompt(const std::string& text) {
    for (;;) {
      std::string line = read(text);
      if (line.size() == 1) line = lower(line);
      if (line == "q") throw Leave{};
      const std::optional<std::size_t> screen = screen_asked_for(line);
      if (!screen) return line;
      if (*screen >= 1 && *screen <= screens_.size()) throw Jump{*screen - 1};
      say(fmt::format("This lesson has screens 1 to {}.", screens_.size()));
    }
  }

  void begin();
  void show(const Screen& screen);
  void show(std::size_t block);
  void show_check(std::size_t block);
  Step turn(const Screen& screen);
  Step ask(std::size_t block);
  Step go_on(const Screen& screen);
  void change(const Screen& screen);
  bool reply(std::size_t block, const std::string& text, std::optional<int>& sure);
  void hint(const Question& question, AnswerRecord& mine, std::size_t& given);
  int confidence();
  void end();
  int question_number(std::size_t block) const;
  AnswerRecord& answer_to(std::size_t block) { return record_.answers[question_number(block)]; }

  Reading& reading_;
  const std::string& number_;
  Console& console_;
  Pager pager_;
  LessonRecord& record_;
  const std::function<void(const LessonRecord&)>& save_;
  const std::optional<std::size_t> first_;
  std::vector<Screen> screens_;
  std::size_t now_ = 0;
};

void Session::begin() {
  if (record_.finished) record_.screen = 0;
  if (first_) record_.screen = *first_;
  now_ = std::min(record_.screen, screens_.size() - (screens_.empty() ? 0 : 1));
  record_.screens = screens_.size();
  write(show_title(number_, reading_.lesson(), console_.options()));
  if (record_.finished)
    say_plainly(
        fmt::format("You have read this lesson before, and your first answers stay. attn lesson "
                    "reset {} forgets them.",
                    number_));
  if (now_ > 0 && !first_)
    say(fmt::format("You go on at screen {} of {}; b goes back.", now_ + 1, screens_.size()));
}

bool Session::hold() {
  const auto leave = [&] {
    // Past the pager: in a low window it would ask again, and q there would leave once more.
    console_.write(plainly(fmt::format("You stopped at screen {} of {}. Go on with: attn lesson {}",
                                       now_ + 1, screens_.size(), number_)));
    return false;
  };
  try {
    begin();
    while (now_ < screens_.size()) {
      record_.screen = now_;
      save_(record_);
      try {
        show(screens_[now_]);
        const Step step = turn(screens_[now_]);
        if (step == Step::on) ++now_;
        if (step == Step::back && now_ > 0) --now_;
      } catch (const Jump& jump) {
        now_ = jump.screen;
      }
    }
  } catch (const Leave&) {
    return leave();
  } catch (const Interrupted&) {
    return leave();
  }
  end();
  return true;
}

void Session::end() {
  record_.finished = true;
  record_.screen = 0;
  save_(record_);
  std::vector<std::size_t> asking;  // the screen of every question
  for (std::size_t i = 0; i < screens_.size(); ++i) {
    if (screens_[i].asks) asking.push_back(i + 1);
  }
  console_.write(summary(record_, asking, console_.options()) + "\n");
}

void Session::show(const Screen& screen) {
  write("\n");
  for (const std::size_t block : screen.blocks) show(block);
}

void Session::show(std::size_t i) {
  const LessonBlock& block = reading_.blocks()[i];
  const RenderOptions& options = console_.options();
  try {
    if (std::holds_alternative<ProseBlock>(block)) {
      write(show_markdown(reading_.prose(i), options) + "\n");
    } else if (const auto* text = std::get_if<TextBlock>(&block)) {
      write(show_text(text->text, options) + "\n");
    } else if (const auto* exercise = std::get_if<ExerciseBlock>(&block)) {
      write(show_line("Exercise:", "`attn exercise start " + exercise->name + "`", options));
    } else if (const auto* ask = std::get_if<AskBlock>(&block)) {
      write(show_question(ask->question, options));
    } else if (std::holds_alternative<CheckBlock>(block)) {
      show_check(i);
    } else if (const auto* run = std::get_if<RunBlock>(&block); run && !run->hidden) {
      write(show_beside(reading_.beside(i), reading_.run(i), options));
    }
  } catch (const std::exception& e) {  // the learner's own change may ask for too much
    complain(e);
  }
}

/// Claims are the lesson's: they say nothing of what the learner changed.
void Session::show_check(std::size_t i) {
  const CheckBlock own = reading_.claims_about_own(i);
  write("\n");
  if (!own.rows.empty()) write(show_claims(own, reading_.traces(i), console_.options()));
  if (own.rows.size() < std::get<CheckBlock>(reading_.blocks()[i]).rows.size())
    say("The lesson's claims are left out: they were about its own command, not yours.");
}

Session::Step Session::turn(const Screen& screen) {
  if (screen.asks && ask(screen.blocks.back()) == Step::back) return Step::back;
  return go_on(screen);
}

/// The prompt below a screen.
Session::Step Session::go_on(const Screen& screen) {
  const bool runs = reading_.run_before(screen.blocks.back()) != Reading::npos;
  const bool last = now_ + 1 == screens_.size();
  for (;;) {
    const std::string line =
        prompt(fmt::format("{}/{}  Enter {}, {}{}g N jump, q quit", now_ + 1, screens_.size(),
                           last ? "ends the lesson" : "goes on", now_ > 0 ? "b back, " : "",
                           runs ? "e change, " : ""));
    if (line.empty() || line == "s") return Step::on;
    if (line == "b") return Step::back;
    if (line == "e" && runs) {
      change(screen);
    } else {
      say("Here Enter goes on, b goes back, g 3 goes to screen 3, q stops (and says how to go on "
          "later)" +
          std::string(runs ? ", e changes the last command and runs it again." : "."));
    }
  }
}

/// e: the last run again with something else.
void Session::change(const Screen& screen) {
  const std::size_t block = reading_.run_before(screen.blocks.back());
  const auto& run = std::get<RunBlock>(reading_.blocks()[block]);
  try {
    const std::vector<std::string> words = reading_.run(block).words;
    say_plainly("Now: attn " + shell_line(words));
    say_plainly(possible_changes(words));
    const std::string line = read("change");
    if (line.empty() || line == "q" || line == "Q") return;
    reading_.replace(block, line == "back" ? run.words : changed_command(words, line));
    InterruptWatch::forget();  // of a run that did not hear it
    write("\n" + show_run(reading_.run(block), console_.options()));
    const bool claims = block + 1 < reading_.blocks().size() &&
                        std::holds_alternative<CheckBlock>(reading_.blocks()[block + 1]);
    if (claims) show_check(block + 1);
  } catch (const std::exception& e) {
    complain(e);
  } catch (const Leave&) {  // Ctrl-C takes back the change and no more
    if (!InterruptWatch::forget()) throw;
  } catch (const Interrupted&) {
    InterruptWatch::forget();
    pager_.read();
    say_plainly("Stopped. What was computed before stands as it was.");
  }
}

int Session::question_number(std::size_t block) const {
  int number = 1;
  for (std::size_t i = 0; i < block; ++i)
    number += std::holds_alternative<AskBlock>(reading_.blocks()[i]) ? 1 : 0;
  return number;
}

void Session::hint(const Question& q, AnswerRecord& mine, std::size_t& given) {
  if (given == q.hints.size()) return say("That was the last hint; s shows the answer.");
  write(show_line(fmt::format("Hint {} of {}:", given + 1, q.hints.size()), q.hints[given],
                  console_.options()));
  ++given;
  mine.hints = std::max(mine.hints, static_cast<int>(given));
  save_(record_);
}

int Session::confidence() {
  for (int tries = 0; tries < 3; ++tries) {
    const std::string line = prompt("How sure are you? 1 guessed, 2 think so, 3 sure, Enter skips");
    if (line == "1" || line == "2" || line == "3") return line[0] - '0';
    if (line.empty()) break;
    say(line == "h" || line == "s" || line == "b" ? "First say how sure you are of the answer that "
                                                    "you gave, or press Enter. After that h, "
                                                    "s and b do what they did."
                                                  : "Write 1, 2 or 3, or press Enter.");
  }
  return 0;
}

/// Judges what was typed. True once it is right. How sure the learner is, is asked before the run
/// is computed, and once.
bool Session::reply(std::size_t block, const std::string& text, std::optional<int>& sure) {
  const Question& q = std::get<AskBlock>(reading_.blocks()[block]).question;
  const Form form = form_of(q, text);
  if (form == Form::bad) {
    say(wanted(q));
    return false;
  }
  AnswerRecord& mine = answer_to(block);
  const bool first = !mine.answered && !mine.shown;
  if (first && !sure && form == Form::good) sure = confidence();
  const Traces traces = reading_.traces(block);  // the run is computed here, if it was not before
  const Verdict verdict = judge(q, answer_of(q, traces), text, traces);
  if (!verdict.readable) {
    say(verdict.said);
    return false;
  }
  if (first) {
    mine.confidence = sure ? *sure : confidence();
    mine.right = verdict.right;
    mine.answered = true;
  }
  mine.done = mine.done || verdict.right;
  save_(record_);
  if (verdict.right) {
    write("\n" + show_line("Right.", q.why, console_.options()));
  } else {
    write("\n" + show_line("Not so.",
                           verdict.said.empty() ? "Try again; h gives a hint, s shows the answer."
                                                : verdict.said,
                           console_.options()));
  }
  return verdict.right;
}

Session::Step Session::ask(std::size_t block) {
  const Question& q = std::get<AskBlock>(reading_.blocks()[block]).question;
  std::optional<int> sure;
  std::size_t hints = 0;
  try {
    const auto before = record_.answers.find(question_number(block));
    if (before != record_.answers.end() && before->second.done && !record_.finished) {
      write("\n" + show_line("You had this one before.", q.why, console_.options()));
      return Step::on;
    }
    for (;;) {
      const std::string line = prompt(fmt::format("{} (h hint, s show me, {}q quit)",
                                                  expected_reply(q), now_ > 0 ? "b back, " : ""));
      if (line == "b") return Step::back;
      if (line == "h") {
        hint(q, answer_to(block), hints);
      } else if (line == "s") {
        const std::string answer =
            show_answer(q, answer_of(q, reading_.traces(block)), console_.options());
        AnswerRecord& mine = answer_to(block);
        mine.shown = mine.done = true;
        save_(record_);
        write("\n" + answer);
        return Step::on;
      } else if (line.empty()) {
        say(fmt::format("Write {}, or s to be shown the answer.", expected_reply(q)));
      } else if (reply(block, line, sure)) {
        return Step::on;
      }
    }
  } catch (const std::exception& e) {
    complain(e);
    return Step::on;
  }
}

}  // namespace

bool hold_session(Reading& reading, const std::string& number, Console& console,
                  LessonRecord& record, const std::function<void(const LessonRecord&)>& save,
                  std::optional<std::size_t> first) {
  const InterruptWatch watch;
  return Session(reading, number, console, record, save, first).hold();
}

}  // namespace attn::app
