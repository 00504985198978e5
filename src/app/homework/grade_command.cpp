// homework grade: the grades of a folder of submissions.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/frame/outputs.h"
#include "app/homework/graded.h"
#include "app/homework/task.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"

namespace attn::app {

namespace {

using homework::Result;

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

}  // namespace

Command homework_grade_command() {
  return {.name = "homework grade",
          .kind = CommandKind::course,
          .summary = "grades of a folder of submissions",
          .example = "homework grade submissions --out grades.csv",
          .setup = with_options<HomeworkGradeOptions>(bind, homework_grade)};
}

}  // namespace attn::app
