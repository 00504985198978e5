#include "app/homework/classroom.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/frame/stage.h"
#include "app/homework/archive.h"
#include "app/homework/compare.h"
#include "app/homework/lab.h"
#include "app/homework/resubmission.h"
#include "app/homework/unused.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"

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

/// Of several submissions of one student in one place the last counts, and says so; the others go.
void keep_last(std::vector<Graded>& all) {
  struct Dated {
    std::size_t index;
    Version version;
  };
  std::map<std::vector<std::string>, std::vector<Dated>> by_place;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Result& r = all[i].result;
    if (r.student.empty()) continue;
    const Version version = version_of(r.folder);
    by_place[{r.homework, r.student, version.place}].push_back({i, version});
  }
  std::vector<bool> goes(all.size(), false);
  for (const auto& [place, several] : by_place) {
    // student-1 and student-2 are two people; sheet and sheet-2 are not.
    const bool is_series = std::any_of(several.begin(), several.end(), [](const Dated& one) {
      return one.version.is_first || one.version.is_counted;
    });
    if (!is_series) continue;
    const auto last = std::max_element(
        several.begin(), several.end(),
        [](const Dated& a, const Dated& b) { return a.version.numbers < b.version.numbers; });
    for (const Dated& one : several) {
      if (one.version.numbers == last->version.numbers) continue;
      goes[one.index] = true;
      add_remark(all[last->index].result,
                 fmt::format("Handed in again: this, the last, counts, and {} does not.",
                             escaped(all[one.index].result.folder, 200)));
    }
  }
  std::vector<Graded> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!goes[i]) kept.push_back(std::move(all[i]));
  }
  all = std::move(kept);
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

/// How many numbers of the answers that nothing explains are the other's answers, too. Each student
/// has other numbers, so that is no chance; ids and masks may well be the same.
std::size_t numbers_shared(const Graded& one, const Graded& other) {
  std::size_t numbers = 0;
  for (std::size_t s = 0; s < one.result.steps.size(); ++s) {
    const StepResult& step = one.result.steps[s];
    const int digits = one.manifest.sheet->steps[s].digits;
    const auto answer = one.answers.find(step.name), theirs = other.answers.find(step.name);
    if (step.explained || step.status == Status::right || digits == 0 ||
        answer == one.answers.end() || theirs == other.answers.end() || is_constant(answer->second))
      continue;
    if (fits(answer->second, theirs->second, digits)) numbers += answer->second.size();
  }
  return numbers;
}

/// The other submission of the same homework with which `count` finds most numbers in common, from
/// eight on, and how many.
template <class F>
std::pair<const Graded*, std::size_t> nearest_other(const Graded& one,
                                                    const std::vector<Graded>& all, F count) {
  constexpr std::size_t kEnough = 8;  // numbers that agree: not by chance
  std::size_t most = kEnough - 1;
  const Graded* from = nullptr;
  for (const Graded& other : all) {
    if (&other == &one || other.result.homework != one.result.homework ||
        other.result.student == one.result.student)
      continue;
    const std::size_t numbers = count(one, other);
    if (numbers <= most) continue;
    most = numbers;
    from = &other;
  }
  return {from, most};
}

void mark_copies(std::vector<Graded>& all) {
  for (Graded& one : all) {
    if (one.answers.empty() || one.result.all_right()) continue;
    const auto [from, numbers] = nearest_other(one, all, numbers_in_key);
    if (from) {
      add_remark(one.result,
                 fmt::format("{} of its numbers are wrong here and right on the sheet of {}.",
                             numbers, escaped(from->result.student, 64)));
      continue;
    }
    const auto [like, shared] = nearest_other(one, all, numbers_shared);
    if (like) {
      add_remark(one.result,
                 fmt::format("{} of its numbers are wrong here and the same in the submission of "
                             "{}, who was given other numbers.",
                             shared, escaped(like->result.student, 64)));
    }
  }
}

/// Tables of grades and their old versions, and what a platform tells of an export: the
/// instructor's own files.
bool is_table(const std::string& name) {
  return name.ends_with(".csv") || name.ends_with(".csv.bak") || name.ends_with(".lock") ||
         name == "submission_metadata.yml";
}

/// Finds submissions in folders and archives at any depth, as learning platforms nest them, and
/// grades each where it is found.
class Collector {
 public:
  Collector(const Course& course, bool again, Progress* progress)
      : course_(course), again_(again), progress_(progress) {}

  /// Everything below a path that the instructor named.
  void collect(const std::string& path) {
    const SubmissionFolder folder = SubmissionFolder::folder_or_archive(path);
    const std::vector<std::string> names = folder.names();
    if (contains(names, "homework.json")) {
      grade(folder, path);
      return;
    }
    const bool deeper = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return !is_junk(name) && (is_archive(name) || holds_folder(folder, name));
    });
    if (!deeper) {  // the files of one student, or nothing
      if (std::all_of(names.begin(), names.end(), is_junk)) return;
      refuse(path, no_manifest(names));
      return;
    }
    for (const std::string& name : names) {
      const std::string shown = below(path, name);
      if (is_table(name) && !holds_folder(folder, name)) {
        left_out_.push_back(shown);
        continue;
      }
      entry(folder, name, shown);
      if (progress_ && all_.size() % 50 == 0)
        progress_->show(fmt::format("{} graded", all_.size()));
    }
  }
  std::vector<Graded>& all() { return all_; }
  std::vector<std::string>& left_out() { return left_out_; }

 private:
  /// What was found below one folder or archive.
  struct Found {
    bool submission = false;
    std::string problem;  ///< why something there could not be opened
  };

  static bool contains(const std::vector<std::string>& names, const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  static std::string below(const std::string& path, const std::string& name) {
    return (std::filesystem::path(path) / name).string();
  }
  static bool holds_folder(const SubmissionFolder& folder, const std::string& name) {
    try {
      return folder.folder(name).has_value();
    } catch (const Error&) {
      return false;
    }
  }
  static std::string no_manifest(std::vector<std::string> names) {
    names.erase(std::remove_if(names.begin(), names.end(), is_junk), names.end());
    constexpr std::size_t kShown = 5;
    const std::size_t more = names.size() - std::min(names.size(), kShown);
    names.resize(std::min(names.size(), kShown));
    for (std::string& name : names) name = escaped(name, 60);
    return fmt::format(
        "there is no homework.json in this folder{}{}. Hand in the folder that `attn homework new` "
        "made, with homework.json and answers/",
        names.empty() ? "; it is empty" : fmt::format("; it holds {}", joined(names, ", ")),
        more > 0 ? fmt::format(" and {} more", more) : "");
  }

  void grade(const SubmissionFolder& folder, const std::string& shown) {
    all_.push_back(grade_guarded(folder, shown, course_, again_));
  }
  void refuse(const std::string& shown, const std::string& problem) {
    Graded refused;
    refused.result.folder = shown;
    refused.result.problem = problem;
    all_.push_back(std::move(refused));
  }
  /// The folder of this name, or what the archive of this name holds; nothing for junk.
  std::optional<SubmissionFolder> opened(const SubmissionFolder& folder, const std::string& name,
                                         const std::string& shown) {
    if (is_junk(name)) {
      left_out_.push_back(shown);
      return std::nullopt;
    }
    if (!is_archive(name) || holds_folder(folder, name)) return folder.folder(name);
    return folder.archive(name);
  }
  /// One student's, as a rule.
  void entry(const SubmissionFolder& folder, const std::string& name, const std::string& shown) {
    try {
      const auto inside = opened(folder, name, shown);
      if (!inside) return;
      const Found found = search(*inside, shown, 0);
      if (!found.submission)
        refuse(shown, found.problem.empty() ? no_manifest(inside->names()) : found.problem);
      else if (!found.problem.empty())
        left_out_.push_back(found.problem);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::internal) throw;
      refuse(shown, with_hint(e));
    }
  }
  static std::string with_hint(const Error& e) {
    if (e.kind() == ErrorKind::io) return e.what();
    const bool says_what_to_do =
        e.kind() == ErrorKind::limit || e.hint().find("hand ") != std::string::npos;
    return fmt::format("{}: {}", e.what(),
                       says_what_to_do
                           ? e.hint()
                           : "hand in the folder that `attn homework new` made, or a zip of it");
  }
  Found search(const SubmissionFolder& folder, const std::string& shown, std::size_t depth) {
    constexpr std::size_t kDeepest = 8;
    const std::vector<std::string> names = folder.names();
    Found found;
    if (contains(names, "homework.json")) {
      grade(folder, shown);
      found.submission = true;
      return found;
    }
    for (const std::string& name : names) {
      if (depth == kDeepest || !(is_archive(name) || is_junk(name) || holds_folder(folder, name)))
        continue;
      try {
        const auto inside = opened(folder, name, below(shown, name));
        if (!inside) continue;
        const Found deeper = search(*inside, below(shown, name), depth + 1);
        found.submission |= deeper.submission;
        if (!deeper.problem.empty()) found.problem = deeper.problem;
      } catch (const Error& e) {
        if (e.kind() == ErrorKind::internal) throw;
        found.problem = with_hint(e);
      }
    }
    return found;
  }

  const Course& course_;
  const bool again_;
  Progress* const progress_;
  std::vector<Graded> all_;
  std::vector<std::string> left_out_;
};

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
                              bool again, Progress* progress, std::vector<std::string>* left_out) {
  Collector collector(course, again, progress);
  for (const std::string& path : paths) collector.collect(path);
  std::vector<Graded>& all = collector.all();
  if (all.empty()) {
    throw Error(ErrorKind::usage, "nothing was handed in there",
                "name folders that `attn homework new` made, or a folder of such folders");
  }
  keep_last(all);
  mark_repeated(all);
  mark_copies(all);
  if (left_out) *left_out = std::move(collector.left_out());
  std::vector<Result> results;
  for (Graded& one : all) results.push_back(std::move(one.result));
  return results;
}

}  // namespace attn::app::homework
