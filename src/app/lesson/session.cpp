#include "app/lesson/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/lesson/edit.h"
#include "app/lesson/shell_words.h"
#include "app/lesson/show.h"
#include "app/lesson/summary.h"
#include "attn/core/error.h"
#include "attn/render/lines.h"
#include "attn/render/view.h"

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

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

class Session {
 public:
  Session(Reading& reading, const std::string& number, Console& console, LessonRecord& record,
          const std::function<void(const LessonRecord&)>& save)
      : reading_(reading),
        number_(number),
        console_(console),
        record_(record),
        save_(save),
        screens_(screens_of(reading.lesson())) {}

  bool hold();

 private:
  enum class Step { on, back, quit };

  void write(const std::string& text) { console_.write(text); }
  void say(const std::string& text) { write(show_line("", text, console_.options())); }
  void complain(const Error& e) {  // as it stands: it is no Markdown
    Page page(console_.options());
    page.paragraph(safe_text(e.what()) + (e.hint().empty() ? "" : " (" + safe_text(e.hint()) + ")"),
                   0);
    write(page.take());
  }
  /// A line that asks for one; nothing at the end of input.
  std::optional<std::string> prompt(const std::string& text) {
    write("\n" + text + " > ");
    std::optional<std::string> line = console_.read_line();
    if (line) return trimmed(*line);
    write("\n");
    return line;
  }

  void show(const Screen& screen);
  void show(std::size_t block);
  Step turn(const Screen& screen);
  Step ask(std::size_t block);
  Step go_on(const Screen& screen);
  void change(const Screen& screen);
  bool reply(std::size_t block, const std::string& text, AnswerRecord& mine);
  void hint(const Question& question, AnswerRecord& mine);
  std::optional<int> confidence();
  void keep(std::size_t block, const AnswerRecord& mine);
  int question_number(std::size_t block) const;

  Reading& reading_;
  const std::string& number_;
  Console& console_;
  LessonRecord& record_;
  const std::function<void(const LessonRecord&)>& save_;
  std::vector<Screen> screens_;
  std::size_t now_ = 0;
};

bool Session::hold() {
  if (record_.finished) record_.screen = 0;
  now_ = std::min(record_.screen, screens_.size() - (screens_.empty() ? 0 : 1));
  record_.screens = screens_.size();
  write(show_title(number_, reading_.lesson(), console_.options()));
  if (record_.finished)
    say(
        fmt::format("You have read this lesson before, and your first answers stay; `attn lesson "
                    "reset {}` forgets them.",
                    number_));
  if (now_ > 0)
    say(fmt::format("You go on at screen {} of {}; b goes back.", now_ + 1, screens_.size()));
  while (now_ < screens_.size()) {
    record_.screen = now_;
    save_(record_);
    show(screens_[now_]);
    const Step step = turn(screens_[now_]);
    if (step == Step::quit) {
      say(fmt::format("You stopped at screen {} of {}. Go on with: `attn lesson {}`", now_ + 1,
                      screens_.size(), number_));
      return false;
    }
    if (step == Step::on) ++now_;
    if (step == Step::back && now_ > 0) --now_;
  }
  record_.finished = true;
  record_.screen = 0;
  save_(record_);
  write(summary(record_, console_.options()) + "\n");
  say("What is next: `attn lesson`");
  return true;
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
    } else if (const auto* check = std::get_if<CheckBlock>(&block)) {
      write("\n" + show_claims(*check, reading_.traces(i), options));
    } else if (const auto* run = std::get_if<RunBlock>(&block); run && !run->hidden) {
      write(show_run(reading_.run(i), options));
    }
  } catch (const Error& e) {  // the learner's own change may ask for too much
    complain(e);
  }
}

Session::Step Session::turn(const Screen& screen) {
  if (screen.asks) {
    const Step step = ask(screen.blocks.back());
    if (step != Step::on) return step;
  }
  return go_on(screen);
}

/// The prompt below a screen.
Session::Step Session::go_on(const Screen& screen) {
  const bool runs = reading_.run_before(screen.blocks.back()) != Reading::npos;
  const bool last = now_ + 1 == screens_.size();
  for (;;) {
    const auto line = prompt(fmt::format("{}/{}  Enter {}, {}{}q quit", now_ + 1, screens_.size(),
                                         last ? "ends the lesson" : "goes on",
                                         now_ > 0 ? "b back, " : "", runs ? "e change, " : ""));
    if (!line || *line == "q") return Step::quit;
    if (line->empty() || *line == "s") return Step::on;
    if (*line == "b") return Step::back;
    if (*line == "e" && runs) {
      change(screen);
    } else {
      say("Here Enter goes on, b goes back, q stops (and says how to go on later)" +
          std::string(runs ? ", e changes the sentence, the seed or a size and runs it again."
                           : "."));
    }
  }
}

/// e: the last run again with something else.
void Session::change(const Screen& screen) {
  const std::size_t block = reading_.run_before(screen.blocks.back());
  const auto& run = std::get<RunBlock>(reading_.blocks()[block]);
  try {
    const std::vector<std::string> words = reading_.run(block).words;
    say("Now: `attn " + safe_text(shell_line(words)) + "`");
    say("Write another sentence, or `seed 3`, or `size 16`, or an option such as `--heads 4`; "
        "`back` for the lesson's own.");
    const auto line = prompt("change");
    if (!line || line->empty()) return;
    reading_.replace(block, *line == "back" ? run.words : changed_command(words, *line));
    write("\n" + show_run(reading_.run(block), console_.options()));
    for (std::size_t i = block + 1; i < reading_.blocks().size(); ++i) {
      if (!std::holds_alternative<CheckBlock>(reading_.blocks()[i])) break;
      show(i);
    }
  } catch (const Error& e) {
    complain(e);
  }
}

int Session::question_number(std::size_t block) const {
  int number = 1;
  for (std::size_t i = 0; i < block; ++i)
    number += std::holds_alternative<AskBlock>(reading_.blocks()[i]) ? 1 : 0;
  return number;
}

/// The first answer counts.
void Session::keep(std::size_t block, const AnswerRecord& mine) {
  record_.answers.try_emplace(question_number(block), mine);
  save_(record_);
}

void Session::hint(const Question& q, AnswerRecord& mine) {
  const auto given = static_cast<std::size_t>(mine.hints);
  if (given == q.hints.size()) return say("That was the last hint; s shows the answer.");
  write(show_line(fmt::format("Hint {} of {}:", given + 1, q.hints.size()), q.hints[given],
                  console_.options()));
  ++mine.hints;
}

std::optional<int> Session::confidence() {
  for (int tries = 0; tries < 3; ++tries) {
    const auto line = prompt("How sure are you? 1 guessed, 2 think so, 3 sure");
    if (!line) return {};
    if (*line == "1" || *line == "2" || *line == "3") return (*line)[0] - '0';
    if (line->empty()) break;
  }
  return 0;
}

/// Judges what was typed. True once it is right.
bool Session::reply(std::size_t block, const std::string& text, AnswerRecord& mine) {
  const Question& q = std::get<AskBlock>(reading_.blocks()[block]).question;
  const Traces traces = reading_.traces(block);  // the run is computed here, if it was not before
  const Verdict verdict = judge(q, answer_of(q, traces), text, traces);
  if (!verdict.readable) {
    say(verdict.said);
    return false;
  }
  if (record_.answers.count(question_number(block)) == 0) {
    mine.confidence = confidence().value_or(0);
    mine.right = verdict.right;
    keep(block, mine);
  }
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
  AnswerRecord mine;
  try {
    for (;;) {
      const auto line = prompt(fmt::format("{} (h hint, s show me, {}q quit)", expected_reply(q),
                                           now_ > 0 ? "b back, " : ""));
      if (!line || *line == "q") return Step::quit;
      if (*line == "b") return Step::back;
      if (*line == "h") {
        hint(q, mine);
      } else if (*line == "s") {
        mine.shown = true;
        keep(block, mine);
        write("\n" + show_answer(q, answer_of(q, reading_.traces(block)), console_.options()));
        return Step::on;
      } else if (line->empty()) {
        say(fmt::format("Write {}, or s to be shown the answer.", expected_reply(q)));
      } else if (reply(block, *line, mine)) {
        return Step::on;
      }
    }
  } catch (const Error& e) {
    complain(e);
    return Step::on;
  }
}

}  // namespace

bool hold_session(Reading& reading, const std::string& number, Console& console,
                  LessonRecord& record, const std::function<void(const LessonRecord&)>& save) {
  return Session(reading, number, console, record, save).hold();
}

}  // namespace attn::app
