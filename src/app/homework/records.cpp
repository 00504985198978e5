// What graders and other programs read: docs/contract.md, section Homework.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/homework/classroom.h"
#include "app/homework/task.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn::app::homework {

namespace {

using nlohmann::ordered_json;

/// Whole numbers without ".0".
ordered_json number(double x) {
  if (x == static_cast<double>(static_cast<long long>(x))) return static_cast<long long>(x);
  return x;
}

constexpr std::size_t kShown = 400;  // characters of a name or message from outside

ordered_json as_json(const Result& r) {
  ordered_json steps = ordered_json::array();
  for (const StepResult& step : r.steps) {
    ordered_json first = nullptr;
    if (!step.misconceptions.empty()) first = step.misconceptions[0];
    steps.push_back({{"name", step.name},
                     {"status", name_of(step.status)},
                     {"points", number(step.points)},
                     {"max", number(step.max)},
                     {"misconception", first},
                     {"misconceptions", step.misconceptions},
                     {"message", escaped(step.message, 4 * kShown)}});
  }
  ordered_json out = {{"format", 1},          {"homework", r.homework},
                      {"student", r.student}, {"score", number(r.score)},
                      {"max", number(r.max)}, {"steps", steps}};
  if (!r.remark.empty()) out["remark"] = r.remark;
  if (!r.problem.empty()) out["problem"] = escaped(r.problem, kShown);
  return out;
}

/// A spreadsheet may take it for a formula; in some languages also with wide characters.
bool begins_formula(std::string_view text) {
  for (const std::string_view sign : {"=", "+", "-", "@", "＝", "＋", "－", "＠"}) {
    if (text.starts_with(sign)) return true;
  }
  return false;
}

/// A cell of text: quoted where need be (RFC 4180), and never a formula.
std::string cell(const std::string& text) {
  std::string safe = escaped(text, kShown);
  if (begins_formula(safe)) safe.insert(safe.begin(), '\'');
  if (safe.find_first_of(",\"\n\r") == std::string::npos) return safe;
  std::string out = "\"";
  for (const char c : safe) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::size_t count_of(const Result& r, Status status) {
  return static_cast<std::size_t>(
      std::count_if(r.steps.begin(), r.steps.end(),
                    [&](const StepResult& step) { return step.status == status; }));
}

std::string all_misconceptions(const Result& r) {
  std::string out;
  for (const StepResult& step : r.steps) {
    if (step.misconceptions.empty()) continue;
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", step.name,
                       joined(step.misconceptions, " or "));
  }
  return out;
}

}  // namespace

std::string check_document(const Result& result) { return as_json(result).dump(2) + "\n"; }

std::string grade_document(const std::vector<Result>& results) {
  ordered_json list = ordered_json::array();
  for (const Result& r : results) {
    ordered_json one = as_json(r);
    one["folder"] = escaped(r.folder, kShown);
    list.push_back(std::move(one));
  }
  return ordered_json({{"format", 1}, {"submissions", list}}).dump(2) + "\n";
}

std::string grades_csv(const std::vector<Result>& results) {
  std::string out =
      "student,homework,score,max,right,follows,wrong,missing,unreadable,misconceptions,remark,"
      "folder\n";
  for (const Result& r : results) {
    const std::string remark =
        r.problem.empty() ? r.remark
                          : "Not graded: " + r.problem + (r.remark.empty() ? "" : ". ") + r.remark;
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", cell(r.student), cell(r.homework),
                       points_text(r.score), points_text(r.max), count_of(r, Status::right),
                       count_of(r, Status::follows), count_of(r, Status::wrong),
                       count_of(r, Status::missing), count_of(r, Status::unreadable),
                       cell(all_misconceptions(r)), cell(remark), cell(r.folder));
  }
  return out;
}

std::string gradescope_document(const std::vector<Result>& results) {
  ordered_json tests = ordered_json::array();
  double score = 0;
  std::string output;
  for (const Result& r : results) {
    score += r.score;
    // The service grades one submission at a time; of several, each test says whose it is.
    const std::string whose =
        results.size() == 1 ? "" : escaped(r.student.empty() ? r.folder : r.student, 80) + ": ";
    if (!r.problem.empty()) {
      output += fmt::format("{}Not graded: {}\n", whose, escaped(r.problem, kShown));
      tests.push_back({{"name", whose + "homework.json"},
                       {"score", 0},
                       {"max_score", number(r.max)},
                       {"status", "failed"},
                       {"output", "Not graded: " + escaped(r.problem, kShown)},
                       {"visibility", "visible"}});
    }
    for (const StepResult& step : r.steps) {
      const bool good = step.status == Status::right || step.status == Status::follows;
      const std::string text =
          fmt::format("{}{}{}", name_of(step.status), step.message.empty() ? "" : ": ",
                      escaped(step.message, 4 * kShown));
      tests.push_back({{"name", whose + step.name},
                       {"score", number(step.points)},
                       {"max_score", number(step.max)},
                       {"status", good ? "passed" : "failed"},
                       {"output", text},
                       {"output_format", "text"},
                       {"visibility", "visible"}});
    }
    // Remarks name other students: they are for the instructor alone.
    if (!r.remark.empty()) {
      tests.push_back({{"name", whose + "remark"},
                       {"output", r.remark},
                       {"output_format", "text"},
                       {"visibility", "hidden"}});
    }
  }
  const ordered_json document = {{"score", number(score)},
                                 {"output", output},
                                 {"output_format", "text"},
                                 {"visibility", "visible"},
                                 {"tests", tests}};
  return document.dump(2) + "\n";
}

}  // namespace attn::app::homework
