// homework check: how far a student is, and what went wrong.
#include <fmt/format.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/homework/classroom.h"
#include "app/homework/task.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

using homework::Result;
using homework::Status;
using homework::StepResult;

struct HomeworkCheckOptions {
  std::vector<std::string> folder;
  std::string secret;
  bool again = false;
};

void bind(Cli& cli, HomeworkCheckOptions& o) {
  cli.input_file("--secret", o.secret, "FILE", "the course's secret, if you have it");
  cli.flag("--again", o.again, "lab report: train everything again and compare");
  cli.positional("folder", o.folder, "the folder that homework new made", FileUse::reads);
}

void homework_check(Stage& s, const HomeworkCheckOptions& o) {
  if (o.folder.size() != 1)
    throw Error(ErrorKind::usage, "homework check needs one folder",
                "name the folder that attn homework new made");
  const Result result = homework::check_folder(o.folder[0], o.secret, o.again);
  s.trace.title =
      fmt::format("Homework {} of {}: {} of {} points", result.homework, result.student,
                  homework::points_text(result.score), homework::points_text(result.max));
  Table table{"steps", "", {"step", "status", "points", "of"}, {}};
  std::size_t not_right = 0;
  for (const StepResult& step : result.steps) {
    not_right += step.status == Status::right ? 0 : 1;
    table.rows.push_back({step.name, std::string(name_of(step.status)),
                          homework::points_text(step.points), homework::points_text(step.max)});
  }
  s.trace.add(std::move(table));
  for (const StepResult& step : result.steps) {
    const bool only_missing =
        step.status == Status::missing && step.message == homework::missing_message(step.name);
    if (step.message.empty() || only_missing) continue;
    const std::string id =
        step.misconceptions.empty() ? "" : fmt::format(" [{}]", joined(step.misconceptions, ", "));
    s.trace.say(fmt::format("{}{}: {}", step.name, id, step.message));
  }
  const bool missing = std::any_of(result.steps.begin(), result.steps.end(),
                                   [](const auto& step) { return step.status == Status::missing; });
  if (missing)
    s.trace.say(
        "Missing steps have no file answers/STEP.csv or answers/STEP.npy (task.md says more).");
  if (!result.remark.empty()) s.trace.say(result.remark);
  const std::size_t steps = result.steps.size();
  s.trace.check(not_right == 0 ? "all steps are right"
                               : fmt::format("{} of {} steps are right", steps - not_right, steps),
                double(not_right), 0);
  s.trace.document = homework::check_document(result);
}

}  // namespace

Command homework_check_command() {
  return {.name = "homework check",
          .kind = CommandKind::course,
          .summary = "how far you are, and what went wrong",
          .example = "homework check sheet1",
          .setup = with_options<HomeworkCheckOptions>(bind, homework_check)};
}

}  // namespace attn::app
