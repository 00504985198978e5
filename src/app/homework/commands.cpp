// homework list, new and check: what a student uses.

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
using homework::Sheet;
using homework::Status;
using homework::StepResult;

void homework_list(Stage& s) {
  s.trace.title = "Homework";
  Table table{"sheets", "", {"name", "what it is about", "steps", "points"}, {}};
  for (const Sheet& sheet : homework::sheets())
    table.rows.push_back({sheet.name, sheet.title, double(sheet.steps.size()), sheet.points()});
  s.trace.add(std::move(table));
  s.trace.say(
      "Begin with: attn homework new softmax --student YOUR-ID --out FOLDER. The folder's task.md "
      "says what to do; attn homework check FOLDER says how far you are.");
}

struct HomeworkNewOptions {
  std::vector<std::string> sheet;
  std::string student, out, secret;
};

void bind(Cli& cli, HomeworkNewOptions& o) {
  cli.text("--student", o.student, "ID", "whose sheet it is: each student gets other numbers");
  cli.output_file("--out", o.out, "DIR", "the folder to make");
  cli.input_file("--secret", o.secret, "FILE",
                 "the course's secret, from which the numbers are derived too (docs/homework.md)");
  cli.positional("sheet", o.sheet, "which sheet: attn homework list shows them");
  cli.suggest([] {
    std::vector<std::string> names;
    for (const homework::Sheet& sheet : homework::sheets()) names.push_back(sheet.name);
    return names;
  });
}

void homework_new(Stage& s, const HomeworkNewOptions& o) {
  if (o.sheet.size() != 1)
    throw Error(ErrorKind::usage, "homework new needs the name of one sheet",
                "attn homework list shows them");
  if (o.student.empty() || o.out.empty()) {
    throw Error(
        ErrorKind::usage,
        fmt::format("homework new needs {}", o.student.empty() ? "--student ID" : "--out DIR"),
        "for example: attn homework new softmax --student ada --out sheet1");
  }
  const Sheet& sheet = homework::find_sheet(o.sheet[0]);
  homework::check_student(o.student);
  const homework::Course course = homework::read_course(o.secret);
  const homework::Values given = homework::given_for(course, sheet, o.student);
  const homework::Manifest manifest{&sheet, o.student, course.is_public,
                                    s.common.convention == "column", fingerprint(given)};
  homework::write_sheet(o.out, manifest, given);
  s.trace.title = fmt::format("{} ({})", sheet.title, sheet.name);
  const std::string folder = escaped(o.out, 200);
  if (course.is_guessable()) s.trace.say(homework::kGuessableSecret);
  s.trace.say(fmt::format("Made for {} in {}. Read {}/task.md; write your answers into {}/answers.",
                          o.student, folder, folder, folder));
  s.trace.say(
      course.is_public
          ? "Without --secret, anybody can derive these numbers from the student's id: good "
            "for practice."
          : "The numbers come from the course's secret, too. The secret itself is nowhere in "
            "the folder.");
}

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

Command homework_list_command() {
  return {.name = "homework list",
          .kind = CommandKind::course,
          .summary = "the sheets that there are",
          .example = "homework list",
          .setup = without_options(homework_list)};
}

Command homework_new_command() {
  return {.name = "homework new",
          .kind = CommandKind::course,
          .summary = "a sheet with your own numbers",
          .example = "homework new softmax --student ada --out sheet1",
          .setup = with_options<HomeworkNewOptions>(bind, homework_new)};
}

Command homework_check_command() {
  return {.name = "homework check",
          .kind = CommandKind::course,
          .summary = "how far you are, and what went wrong",
          .example = "homework check sheet1",
          .setup = with_options<HomeworkCheckOptions>(bind, homework_check)};
}

}  // namespace attn::app
