#pragma once
// The lab report: a comparison that the student runs, with a prediction before and a conclusion
// behind. What can be checked is checked against the saved evidence, or by training again.
#include <string>
#include <vector>

#include "app/homework/grade.h"

namespace attn::app::homework {

/// One student's experiment.
struct Experiment {
  std::string task;
  std::vector<std::string> models;
  std::vector<std::size_t> lengths;
  std::size_t steps = 0, budget = 0;
  /// The command line behind "attn".
  std::string command() const;
};

/// The experiment that the given numbers name. Throws Error(bad_input) if they name none.
Experiment experiment_of(const Values& given);

/// Grades a lab report. `again`: trains every cell of the evidence once more and compares.
Result grade_lab(const SubmissionFolder& folder, const Manifest& manifest, const Values& given,
                 bool again);

}  // namespace attn::app::homework
