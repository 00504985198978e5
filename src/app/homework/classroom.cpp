#include "app/homework/classroom.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>

#include "app/frame/stage.h"
#include "app/homework/compare.h"
#include "app/homework/lab.h"
#include "attn/core/error.h"

namespace attn::app::homework {

namespace {

/// What one submission leaves behind for comparing it with the others.
struct Graded {
  Result result;
  Manifest manifest = {};
  Values key = {};
  Answers answers = {};
};

Result grade_one(const SubmissionFolder& folder, const Manifest& m, const Values& given, bool again,
                 Answers& answers) {
  if (is_lab(*m.sheet)) return grade_lab(folder, m, given, again);
  return grade_sheet(folder, m, given, answers);
}

/// The student's numbers, derived anew. Throws if the sheet was not made from them.
Values derived(const Course& course, const Manifest& m) {
  if (course.is_public && !m.is_public) {
    throw Error(ErrorKind::usage, "the sheet was made with a course's secret",
                "add --secret FILE with the file it was made with");
  }
  Values given = given_for(course, *m.sheet, m.student);
  if (fingerprint(given) != m.numbers) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the sheet was not made for student {} {}", escaped(m.student, 64),
                            course.is_public ? "by this program" : "with this secret"),
                "the student should make the sheet again, or the secret file is another one");
  }
  return given;
}

Graded grade_guarded(const SubmissionFolder& folder, const std::string& shown, const Course& course,
                     bool again) {
  Graded graded;
  try {
    graded.manifest = read_manifest(folder);
    const Manifest& m = graded.manifest;
    // Known even if the grading fails.
    graded.result.homework = m.sheet->name;
    graded.result.student = m.student;
    graded.result.max = m.sheet->points();
    const Values given = derived(course, m);
    graded.result = grade_one(folder, m, given, again, graded.answers);
    graded.key = key_of(*m.sheet, given);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::internal) throw;
    graded.result.problem = e.what();
  }
  graded.result.folder = shown;
  return graded;
}

void add_remark(Result& result, const std::string& text) {
  result.remark += (result.remark.empty() ? "" : " ") + text;
}

void mark_repeated(std::vector<Graded>& all) {
  std::map<std::pair<std::string, std::string>, std::size_t> times;
  for (const Graded& one : all) ++times[{one.result.homework, one.result.student}];
  for (Graded& one : all) {
    if (!one.result.student.empty() && times[{one.result.homework, one.result.student}] > 1)
      add_remark(one.result, "More than one submission has this student and homework.");
  }
}

/// How many numbers of the answers that are not this student's stand in the other's key.
std::size_t numbers_in_key(const Graded& one, const Graded& other) {
  std::size_t numbers = 0;
  for (std::size_t s = 0; s < one.result.steps.size(); ++s) {
    const StepResult& step = one.result.steps[s];
    if (step.status == Status::right) continue;
    const auto answer = one.answers.find(step.name);
    const auto key = other.key.all().find(step.name);
    if (answer == one.answers.end() || key == other.key.all().end()) continue;
    const Array& wanted = key->second.value();
    const auto same = in_shape(answer->second, shape_of(wanted));
    if (same && !is_constant(wanted) && fits(*same, wanted, one.manifest.sheet->steps[s].digits))
      numbers += wanted.size();
  }
  return numbers;
}

void mark_copies(std::vector<Graded>& all) {
  constexpr std::size_t kEnough = 8;  // numbers that agree: not by chance
  for (Graded& one : all) {
    if (one.answers.empty() || one.result.all_right()) continue;
    std::size_t most = kEnough - 1;
    const Graded* from = nullptr;
    for (const Graded& other : all) {
      if (&other == &one || other.result.homework != one.result.homework ||
          other.result.student == one.result.student)
        continue;
      const std::size_t numbers = numbers_in_key(one, other);
      if (numbers <= most) continue;
      most = numbers;
      from = &other;
    }
    if (!from) continue;
    add_remark(one.result,
               fmt::format("{} of its numbers are wrong here and right on the sheet of {}.", most,
                           escaped(from->result.student, 64)));
  }
}

}  // namespace

Result check_folder(const std::string& path, const std::string& secret_file, bool again) {
  const SubmissionFolder folder(path);
  const Manifest m = read_manifest(folder);
  const Course course = read_course(secret_file);
  const bool derive = m.is_public || !course.is_public;
  Answers answers;
  const Values given = derive ? derived(course, m) : given_in(folder, m);
  Result result = grade_one(folder, m, given, again, answers);
  result.folder = path;
  if (!derive) {
    result.remark =
        "This sheet was made with a course's secret, which is not here. So the numbers in inputs/ "
        "were taken as they stand; who grades derives them anew.";
  }
  return result;
}

std::vector<Result> grade_all(const std::vector<std::string>& paths, const Course& course,
                              bool again, Progress* progress) {
  std::vector<Graded> all;
  const auto report = [&] {
    if (progress && all.size() % 50 == 0) progress->show(fmt::format("{} graded", all.size()));
  };
  for (const std::string& path : paths) {
    const SubmissionFolder folder(path);
    const std::vector<std::string> names = folder.names();
    if (std::find(names.begin(), names.end(), "homework.json") != names.end()) {
      all.push_back(grade_guarded(folder, path, course, again));
      continue;
    }
    for (const std::string& name : names) {
      const std::string shown = (std::filesystem::path(path) / name).string();
      try {
        if (const auto inside = folder.folder(name))
          all.push_back(grade_guarded(*inside, shown, course, again));
      } catch (const Error& e) {
        Graded refused;
        refused.result.folder = shown;
        refused.result.problem = e.what();
        all.push_back(std::move(refused));
      }
      report();
    }
  }
  if (all.empty()) {
    throw Error(ErrorKind::usage, "nothing was handed in there",
                "name folders that `attn homework new` made, or a folder of such folders");
  }
  mark_repeated(all);
  mark_copies(all);
  std::vector<Result> results;
  for (Graded& one : all) results.push_back(std::move(one.result));
  return results;
}

}  // namespace attn::app::homework
