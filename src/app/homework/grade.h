#pragma once
// Grading: every step on its own, against the key, against the student's own earlier steps, against
// the catalogue of misconceptions.
#include <memory>
#include <string>
#include <vector>

#include "app/homework/numbers.h"
#include "app/homework/submission.h"

namespace attn::app::homework {

enum class Status { right, wrong, follows, missing, unreadable };
std::string_view name_of(Status status);

struct StepResult {
  std::string name;
  Status status = Status::missing;
  double points = 0, max = 0;
  std::vector<std::string> misconceptions;  ///< ids that fit equally well
  std::string message;                      ///< for the student: never a number of the key
  bool explained = true;  ///< false for a wrong answer that has nothing to do with what was given
};

/// What became of one submission.
struct Result {
  std::string folder, homework, student;
  double score = 0, max = 0;
  std::vector<StepResult> steps;
  std::string remark;   ///< what the reader should know besides
  std::string problem;  ///< why nothing could be graded, or ""
  bool all_right() const;
};

/// What homework.json says.
struct Manifest {
  const Sheet* sheet = nullptr;
  std::string student;
  bool is_public = true;  ///< made without a secret
  bool columns = false;   ///< a token is a column
  std::string numbers;    ///< fingerprint of what was given
};

/// homework.json as text.
std::string manifest_text(const Manifest& manifest);
/// Reads it from a submission. Throws Error(io) if there is none, Error(bad_input) if it is not
/// what `homework new` wrote.
Manifest read_manifest(const SubmissionFolder& folder);

/// The numbers that stand in inputs/ of the student's own folder, checked against the fingerprint.
/// Throws Error(bad_input) if they were changed.
Values given_in(const SubmissionFolder& folder, const Manifest& manifest);

/// An answer's file as an array of rank 1 or more; nothing if there is none. Throws Error for one
/// that cannot be read, and for two.
std::optional<Array> read_answer(const SubmissionFolder& answers, const std::string& name);

/// The answers as they were read; what is missing or unreadable has no entry.
using Answers = std::map<std::string, Array, std::less<>>;

/// Grades the answers of one sheet. `answers` gets what could be read.
Result grade_sheet(const SubmissionFolder& folder, const Manifest& manifest, const Values& given,
                   Answers& answers);

/// What is said of a step that has no file, before what else was found.
std::string missing_message(const std::string& step);

/// A message and what helps, from the catalogue: "It looks as if ..., or ...".
std::string misconception_message(const std::vector<std::string>& ids);

}  // namespace attn::app::homework
