#pragma once
// Many submissions at once.
#include <string>
#include <vector>

#include "app/homework/grade.h"

namespace attn::app {
class Progress;
}

namespace attn::app::homework {

/// Grades one folder as the student may: without the course's secret the numbers in inputs/ are
/// taken. `remark` of the result says which. Throws Error for a folder that is no homework.
Result check_folder(const std::string& path, const std::string& secret_file, bool again);

/// Grades every path: a submission, or a folder with submissions at any depth. What cannot be
/// graded has a `problem`. `left_out` gets what is no submission (junk, tables of grades). Numbers
/// are derived again from the course, never read from a submission. Answers that are right for
/// somebody else's numbers, and students who handed in twice, get a remark. Throws Error(io) for a
/// path that is no folder, Error(usage) if nothing was handed in at all.
std::vector<Result> grade_all(const std::vector<std::string>& paths, const Course& course,
                              bool again, Progress* progress,
                              std::vector<std::string>* left_out = nullptr);

/// The documents of docs/contract.md, section Homework.
std::string check_document(const Result& result);
std::string grade_document(const std::vector<Result>& results);
/// One row per submission. Cells that a spreadsheet would take for a formula begin with '.
std::string grades_csv(const std::vector<Result>& results);
/// What Gradescope reads as results.json.
std::string gradescope_document(const std::vector<Result>& results);

}  // namespace attn::app::homework
