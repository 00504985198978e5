// homework grade and report: what an instructor uses.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "app/frame/command.h"
#include "app/frame/lock.h"
#include "app/frame/outputs.h"
#include "app/homework/classroom.h"
#include "app/homework/task.h"
#include "app/misconceptions.h"
#include "app/stages/blocks.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

using homework::Result;
using homework::Status;
using homework::StepResult;

void bind_folders(Cli& cli, std::vector<std::string>& folders, std::string& secret) {
  cli.input_file("--secret", secret, "FILE", "the course's secret that the sheets were made with");
  cli.positional("folders", folders, "submissions, or folders and archives full of them",
                 FileUse::reads);
}

std::vector<Result> graded(Stage& s, const std::vector<std::string>& folders,
                           const std::string& secret, bool again) {
  if (folders.empty())
    throw Error(ErrorKind::usage, "no folder to grade",
                "name submissions, or a folder full of them");
  const homework::Course course = homework::read_course(secret);
  std::vector<std::string> left_out;
  std::vector<Result> results =
      homework::grade_all(folders, course, again, s.common.progress, &left_out);
  if (course.is_guessable()) s.trace.say(homework::kGuessableSecret);
  if (!left_out.empty()) {
    constexpr std::size_t kShown = 10;
    const std::size_t more = left_out.size() - std::min(left_out.size(), kShown);
    left_out.resize(std::min(left_out.size(), kShown));
    for (std::string& name : left_out) name = escaped(name, 200);
    s.trace.say(fmt::format("Left out, because no submission is in it: {}{}.",
                            fmt::join(left_out, ", "),
                            more > 0 ? fmt::format(" and {} more", more) : ""));
  }
  return results;
}

/// Writes what is worth keeping: the file before stays as .bak, two processes do not mix.
void keep(const std::string& path, const std::string& bytes) {
  const FileLock lock(path);
  write_file(path, bytes, Keep::backup);
}

/// What a student sees where nothing could be graded at all. Throws what happened, unless nothing
/// was handed in.
std::vector<Result> not_graded(const Error& e, const std::string& folder,
                               const std::string& gradescope) {
  Result result;
  result.folder = folder;
  result.problem =
      e.kind() == ErrorKind::usage
          ? "nothing was handed in. Hand in the folder that `attn homework new` made, with "
            "homework.json and answers/"
          : "the autograder failed; this is not your fault: tell your instructor";
  std::vector<Result> results = {result};
  if (e.kind() == ErrorKind::usage) return results;
  keep(gradescope, homework::gradescope_document(results));
  throw e;
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code problem;
  const auto whole = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, problem), problem);
  };
  const std::filesystem::path first = whole(a);
  return (!first.empty() && first == whole(b)) || std::filesystem::equivalent(a, b, problem);
}

struct HomeworkGradeOptions {
  std::vector<std::string> folders;
  std::string secret, out, gradescope;
  bool again = false;
};

void bind(Cli& cli, HomeworkGradeOptions& o) {
  bind_folders(cli, o.folders, o.secret);
  cli.output_file("--out", o.out, "FILE", "write one row per submission: grades.csv");
  cli.output_file("--gradescope", o.gradescope, "FILE", "write Gradescope's results.json");
  cli.flag("--again", o.again, "lab reports: train everything again and compare");
}

void homework_grade(Stage& s, const HomeworkGradeOptions& o) {
  if (!o.out.empty() && !o.out.ends_with(".csv"))
    throw Error(ErrorKind::usage, fmt::format("--out {}", escaped(o.out, 200)),
                "grades are a table: the name must end in .csv");
  for (const std::string& path : {o.out, o.gradescope}) {
    if (!path.empty()) check_place(path);
  }
  if (!o.out.empty() && !o.gradescope.empty() && is_same_file(o.out, o.gradescope))
    throw Error(ErrorKind::usage,
                fmt::format("--out and --gradescope both name {}", escaped(o.out, 200)),
                "one of them would overwrite the other: name two files");
  const std::vector<Result> results = [&] {
    try {
      return graded(s, o.folders, o.secret, o.again);
    } catch (const Error& e) {
      if (o.gradescope.empty() || o.folders.empty() || e.kind() == ErrorKind::internal) throw;
      return not_graded(e, o.folders[0], o.gradescope);
    }
  }();
  s.trace.title = how_many(results.size(), "submission");
  Table table{"grades", "", {"student", "homework", "score", "of", "what else"}, {}};
  std::size_t problems = 0;
  for (const Result& r : results) {
    problems += r.problem.empty() ? 0 : 1;
    const std::string what = !r.problem.empty() ? "not graded"
                             : r.remark.empty() ? ""
                                                : "see below";
    table.rows.push_back({r.student.empty() ? r.folder : r.student, r.homework,
                          homework::points_text(r.score), homework::points_text(r.max), what});
  }
  s.trace.add(std::move(table));
  for (const Result& r : results) {
    const std::string folder = escaped(r.folder, 200);
    if (!r.problem.empty()) s.trace.say(fmt::format("{}: not graded: {}", folder, r.problem));
    if (!r.remark.empty()) s.trace.say(fmt::format("{}: {}", folder, r.remark));
  }
  if (problems > 0)
    s.trace.say(fmt::format("{} of {} could not be graded.", problems, results.size()));
  s.trace.document = homework::grade_document(results);
  if (!o.out.empty()) keep(o.out, homework::grades_csv(results));
  if (!o.gradescope.empty()) keep(o.gradescope, homework::gradescope_document(results));
}

struct HomeworkReportOptions {
  std::vector<std::string> folders;
  std::string secret, out;
};

void bind(Cli& cli, HomeworkReportOptions& o) {
  bind_folders(cli, o.folders, o.secret);
  cli.output_file("--out", o.out, "FILE", "write one row per step: report.csv");
}

/// Steps in the order of the sheets, and what became of them.
struct StepCount {
  std::string homework, step;
  std::size_t students = 0;
  std::map<Status, std::size_t> by_status = {};
  std::map<std::string, std::size_t> by_misconception = {};
};

std::vector<StepCount> counted(const std::vector<Result>& results) {
  std::vector<StepCount> out;
  for (const Result& r : results) {
    for (const StepResult& step : r.steps) {
      const auto found = std::find_if(out.begin(), out.end(), [&](const StepCount& c) {
        return c.homework == r.homework && c.step == step.name;
      });
      StepCount& count =
          found == out.end() ? out.emplace_back(StepCount{r.homework, step.name}) : *found;
      ++count.students;
      ++count.by_status[step.status];
      for (const std::string& id : step.misconceptions) ++count.by_misconception[id];
    }
  }
  return out;
}

std::string report_document(const std::vector<StepCount>& counts, std::size_t submissions) {
  using nlohmann::ordered_json;
  ordered_json steps = ordered_json::array();
  for (const StepCount& c : counts) {
    ordered_json one = {{"homework", c.homework}, {"step", c.step}, {"students", c.students}};
    for (const Status status :
         {Status::right, Status::follows, Status::wrong, Status::missing, Status::unreadable}) {
      const auto found = c.by_status.find(status);
      one[std::string(name_of(status))] = found == c.by_status.end() ? 0 : found->second;
    }
    one["misconceptions"] = c.by_misconception;
    steps.push_back(std::move(one));
  }
  return ordered_json({{"format", 1}, {"submissions", submissions}, {"steps", steps}}).dump(2) +
         "\n";
}

/// One row per step, as grades.csv has one per submission.
std::string report_csv(const std::vector<StepCount>& counts) {
  std::string out =
      "homework,step,students,right,follows,wrong,missing,unreadable,misconceptions\n";
  for (const StepCount& c : counts) {
    out += fmt::format("{},{},{}", c.homework, c.step, c.students);
    for (const Status status :
         {Status::right, Status::follows, Status::wrong, Status::missing, Status::unreadable}) {
      const auto found = c.by_status.find(status);
      out += fmt::format(",{}", found == c.by_status.end() ? 0 : found->second);
    }
    std::string held;
    for (const auto& [id, students] : c.by_misconception)
      held += fmt::format("{}{}: {}", held.empty() ? "" : "; ", id, students);
    out += "," + held + "\n";
  }
  return out;
}

void check_table(const std::string& out) {
  if (out.empty()) return;
  if (!out.ends_with(".csv"))
    throw Error(ErrorKind::usage, fmt::format("--out {}", escaped(out, 200)),
                "it is a table: the name must end in .csv");
  check_place(out);
}

void homework_report(Stage& s, const HomeworkReportOptions& o) {
  check_table(o.out);
  const std::vector<Result> results = graded(s, o.folders, o.secret, false);
  const std::vector<StepCount> counts = counted(results);
  s.trace.title = fmt::format("What {} show", how_many(results.size(), "submission"));
  Table steps{"steps",
              "How many submissions have each step right, and so on.",
              {"homework", "step", "right", "follows", "wrong", "missing", "unreadable"},
              {}};
  Table held{"misconceptions",
             "Who holds which idea; most frequent first. Where several ideas fit, all are counted.",
             {"homework", "step", "misconception", "students", "share"},
             {}};
  for (const StepCount& c : counts) {
    std::vector<Table::Cell> cells = {c.homework, c.step};
    for (const Status status :
         {Status::right, Status::follows, Status::wrong, Status::missing, Status::unreadable}) {
      const auto found = c.by_status.find(status);
      cells.emplace_back(found == c.by_status.end() ? 0.0 : double(found->second));
    }
    steps.rows.push_back(std::move(cells));
    for (const auto& [id, students] : c.by_misconception) {
      held.rows.push_back(
          {c.homework, c.step, id, double(students), double(students) / double(c.students)});
    }
  }
  std::stable_sort(held.rows.begin(), held.rows.end(), [](const auto& a, const auto& b) {
    return std::get<double>(a[3]) > std::get<double>(b[3]);
  });
  s.trace.add(std::move(steps));
  if (held.rows.empty()) {
    s.trace.say("No answer fits a misconception of the catalogue.");
  } else {
    s.trace.add(std::move(held));
  }
  const auto problems = std::count_if(results.begin(), results.end(),
                                      [](const Result& r) { return !r.problem.empty(); });
  if (problems > 0)
    s.trace.say(fmt::format("{} could not be graded: attn homework grade says why.",
                            how_many(problems, "submission")));
  s.trace.document = report_document(counts, results.size());
  if (!o.out.empty()) keep(o.out, report_csv(counts));
}

}  // namespace

Command homework_grade_command() {
  return {.name = "homework grade",
          .kind = CommandKind::course,
          .summary = "grades of a folder of submissions",
          .example = "homework grade submissions --out grades.csv",
          .setup = with_options<HomeworkGradeOptions>(bind, homework_grade)};
}

Command homework_report_command() {
  return {.name = "homework report",
          .kind = CommandKind::course,
          .summary = "who holds which misconception, step by step",
          .example = "homework report submissions",
          .setup = with_options<HomeworkReportOptions>(bind, homework_report)};
}

}  // namespace attn::app
