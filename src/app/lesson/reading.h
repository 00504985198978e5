#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/frame/execute.h"
#include "app/lesson/lesson.h"

namespace attn::app {

/// What a run block gave.
struct LessonRun {
  std::vector<std::string> words;  ///< the command line that was run
  Trace trace;
  Common common;  ///< how it wants to be shown: --show, --quiet, --precision, --convention
  double seconds = 0;
};

/// A lesson while it is read: its runs are computed when they are needed, and kept.
class Reading {
 public:
  /// Makes who watches a run; see Progress.
  using Watch = std::function<std::unique_ptr<Progress>()>;
  /// `watch_change` makes who watches a run that the learner changed: it may say how far it is.
  explicit Reading(Lesson lesson, Watch watch = nullptr, Watch watch_change = nullptr);

  const Lesson& lesson() const { return lesson_; }
  const std::vector<LessonBlock>& blocks() const { return lesson_.blocks; }

  /// The result of the run block at this place. Throws what the command throws,
  /// Error(bad_input) for a command that a lesson must not run, Interrupted after Ctrl-C.
  const LessonRun& run(std::size_t block);
  /// The run that the lesson shows on the left of this one, or null. Throws as run() does.
  const LessonRun* beside(std::size_t block);
  /// Runs another command line in its place from now on; the old result stays if it throws. The
  /// block's own words undo it.
  void replace(std::size_t block, const std::vector<std::string>& words);
  /// The claims of a check block without those about a run that was replaced.
  CheckBlock claims_about_own(std::size_t block) const;

  /// What expressions in this block speak of: the last run before it, or for a question the next,
  /// as the lesson has it.
  Traces traces(std::size_t block);

  /// The run that stands before (or at) this block, or after it; npos if there is none.
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  std::size_t run_before(std::size_t block) const;
  std::size_t run_after(std::size_t block) const;

  /// The text of a prose block with its values filled in; "?" where one cannot be had.
  std::string prose(std::size_t block);

 private:
  static LessonRun compute(const std::vector<std::string>& words, const Watch& watch);
  const LessonRun& own(std::size_t block);

  Lesson lesson_;
  Watch watch_, watch_change_;
  std::map<std::size_t, LessonRun> runs_, replaced_;
};

/// Runs one command line as a lesson does. Throws what the command throws, and Error(bad_input) for
/// one that writes files or belongs to the course.
LessonRun run_for_lesson(const std::vector<std::string>& words, Progress* progress = nullptr);

}  // namespace attn::app
