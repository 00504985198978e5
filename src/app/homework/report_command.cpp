// homework report: who holds which misconception, step by step.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "app/frame/command.h"
#include "app/frame/outputs.h"
#include "app/homework/graded.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"

namespace attn::app {

namespace {

using homework::Result;
using homework::Status;
using homework::StepResult;

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

Command homework_report_command() {
  return {.name = "homework report",
          .kind = CommandKind::course,
          .summary = "who holds which misconception, step by step",
          .example = "homework report submissions",
          .setup = with_options<HomeworkReportOptions>(bind, homework_report)};
}

}  // namespace attn::app
