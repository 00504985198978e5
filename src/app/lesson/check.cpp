#include "app/lesson/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/frame/progress.h"
#include "app/lesson/prose_check.h"
#include "app/lesson/show.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

constexpr double kSeconds = 1, kTrainingSeconds = 30;
constexpr std::size_t kLeastQuestions = 2;

class Checker {
 public:
  Checker(const Library& library, const LessonEntry& entry, Lesson lesson, Reading::Watch watch)
      : library_(library), entry_(entry), reading_(std::move(lesson), std::move(watch)) {}

  LessonCheck run() {
    head();
    for (std::size_t i = 0; i < reading_.blocks().size(); ++i)
      std::visit([&](const auto& block) { check(block, i); }, reading_.blocks()[i]);
    if (out_.questions < kLeastQuestions)
      add(1, fmt::format("{} question{}, at least two are needed", out_.questions,
                         out_.questions == 1 ? "" : "s"));
    for (ProseProblem& p : prose_problems(reading_)) add(p.line, std::move(p.text));
    std::stable_sort(out_.problems.begin(), out_.problems.end(),
                     [](const Problem& a, const Problem& b) { return line(a) < line(b); });
    return std::move(out_);
  }

 private:
  static unsigned long line(const Problem& p) {
    return std::strtoul(p.place.c_str() + p.place.rfind(':') + 1, nullptr, 10);
  }
  void add(std::size_t line, std::string text) {
    out_.problems.push_back({reading_.lesson().place(line), std::move(text), false});
  }
  /// An error becomes a problem.
  template <class Work>
  void guarded(std::size_t line, const std::string& what, const Work& work) {
    try {
      work();
    } catch (const Error& e) {
      add(line, what + e.what() + (e.hint().empty() ? "" : " (" + e.hint() + ")"));
    }
  }

  void head() {
    for (const std::string& number : reading_.lesson().needs) {
      const auto& all = library_.entries();
      const bool known = std::any_of(all.begin(), all.end(),
                                     [&](const LessonEntry& e) { return e.number() == number; });
      if (!known) add(1, fmt::format("needs lesson {}, which is not there", number));
      if (number >= entry_.number()) add(1, fmt::format("needs a later lesson: {}", number));
    }
  }

  void check(const ProseBlock& block, std::size_t i) {
    for (const ProsePiece& piece : prose_pieces(block, reading_.lesson().source)) {
      if (piece.is_value)
        guarded(piece.line, piece.text + ": ", [&] { evaluate(piece.value, reading_.traces(i)); });
    }
  }
  void check(const ScreenEnd&, std::size_t) {}
  void check(const TextBlock&, std::size_t) {}
  void check(const ExerciseBlock& block, std::size_t) {
    if (!library_.has_exercise(entry_, block.name))
      add(block.line, fmt::format("no exercise exercises/{}/exercise.md", block.name));
  }
  void check(const RunBlock& block, std::size_t i) {
    guarded(block.line, "", [&] {
      const LessonRun& run = reading_.run(i);
      ++out_.runs;
      out_.seconds += run.seconds;
      const double limit =
          parse_command_line(run.words).command->slow ? kTrainingSeconds : kSeconds;
      if (run.seconds > limit)
        out_.problems.push_back(
            {reading_.lesson().place(block.line),
             fmt::format("this run took {:.2f} s; at most {:.0f} s", run.seconds, limit), true});
      for (const Item& item : run.trace.items) {
        const auto* claim = std::get_if<Check>(&item);
        if (claim && !claim->holds()) add(block.line, "the run's own check fails: " + claim->claim);
      }
    });
  }
  void check(const CheckBlock& block, std::size_t i) {
    for (const CheckBlock::Row& row : block.rows) {
      ++out_.claims;
      guarded(row.line, row.source + ": ", [&] {
        const Finding finding = test(row.claim, reading_.traces(i));
        if (!finding.holds) add(row.line, row.source + " does not hold: " + finding.found);
      });
    }
  }
  void check(const AskBlock& block, std::size_t i) {
    ++out_.questions;
    const Question& q = block.question;
    if (reading_.run_after(i) == Reading::npos)
      return add(block.line, "no run follows this question, so it has no answer");
    guarded(block.line, "", [&] {
      const Traces traces = reading_.traces(i);
      const Answer answer = answer_of(q, traces);
      const auto wrong = wrong_values(q, traces);
      for (std::size_t k = 0; k < wrong.size(); ++k) {
        if (same_answer(q, wrong[k], answer.value))
          add(q.wrong[k].line, "this wrong answer is the right one: " + answer.text);
      }
    });
  }

  const Library& library_;
  const LessonEntry& entry_;
  Reading reading_;
  LessonCheck out_;
};

std::string kind_of(const LessonBlock& block) {
  static const char* const kNames[] = {"prose", "---", "run", "check", "ask", "text", "exercise"};
  return kNames[block.index()];
}

/// The blocks that a translation must share: all but prose and ends of screens.
std::vector<const LessonBlock*> shared_blocks(const Lesson& lesson) {
  std::vector<const LessonBlock*> out;
  for (const LessonBlock& block : lesson.blocks) {
    if (!std::holds_alternative<ProseBlock>(block) && !std::holds_alternative<ScreenEnd>(block) &&
        !std::holds_alternative<TextBlock>(block))
      out.push_back(&block);
  }
  return out;
}

std::string claims_of(const LessonBlock& block) {
  std::string out;
  if (const auto* run = std::get_if<RunBlock>(&block)) out = run->name + ": " + run->command;
  if (const auto* exercise = std::get_if<ExerciseBlock>(&block)) out = exercise->name;
  if (const auto* check = std::get_if<CheckBlock>(&block)) {
    for (const auto& row : check->rows) out += row.source + "; ";
  }
  if (const auto* ask = std::get_if<AskBlock>(&block))
    out = fmt::format("{} choices, {} wrong answers", ask->question.choices.size(),
                      ask->question.wrong.size());
  return out;
}

void compare(const Lesson& english, const Lesson& other, std::vector<Problem>& problems) {
  const auto ours = shared_blocks(english), theirs = shared_blocks(other);
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    if (i >= ours.size() || i >= theirs.size() || ours[i]->index() != theirs[i]->index()) {
      const auto name = [&](const auto& blocks) {
        return i < blocks.size()
                   ? kind_of(*blocks[i]) + " (line " + std::to_string(line_of(*blocks[i])) + ")"
                   : std::string("nothing");
      };
      problems.push_back(
          {other.place(i < theirs.size() ? line_of(*theirs[i]) : 1),
           fmt::format("block {}: {} here, {} in English", i + 1, name(theirs), name(ours)),
           false});
      return;
    }
    if (claims_of(*ours[i]) != claims_of(*theirs[i]))
      problems.push_back(
          {other.place(line_of(*theirs[i])),
           fmt::format("\"{}\" here, \"{}\" in English (line {})", claims_of(*theirs[i]),
                       claims_of(*ours[i]), line_of(*ours[i])),
           false});
  }
}

}  // namespace

LessonCheck check_lesson(const Library& library, const LessonEntry& entry,
                         const std::string& language, bool progress) {
  LessonCheck out;
  Reading::Watch watch;
  if (progress) watch = [] { return std::make_unique<StandardProgress>(); };
  try {
    Lesson lesson = parse_lesson(library.text(entry, language), library.source(entry, language));
    std::vector<Problem> differences;
    if (language != "en")
      compare(parse_lesson(library.text(entry), library.source(entry)), lesson, differences);
    out = Checker(library, entry, std::move(lesson), watch).run();
    out.problems.insert(out.problems.end(), differences.begin(), differences.end());
  } catch (const Error& e) {  // it begins with file and line
    out.problems.push_back(
        {"", e.what() + (e.hint().empty() ? std::string() : " (" + e.hint() + ")"), false});
  }
  return out;
}

}  // namespace attn::app
