#pragma once
// Files of a submission that nobody reads: under another name, or beside the folder answers.
#include <optional>
#include <string>
#include <vector>

#include "app/homework/submission.h"
#include "app/homework/worksheet.h"

namespace attn::app::homework {

/// Names that archives and operating systems leave behind: __MACOSX, Thumbs.db, desktop.ini.
bool is_junk(const std::string& name);

class UnusedFiles {
 public:
  /// `answers`: the folder answers of this submission, if there is one.
  UnusedFiles(const SubmissionFolder& folder, const std::optional<SubmissionFolder>& answers,
              const Sheet& sheet);
  /// What may have been meant as the answer of this step, as a sentence; "" if nothing. `file`:
  /// the name that is looked for.
  std::string meant_as(const std::string& step, const std::string& file) const;

 private:
  struct File {
    std::string name;
    bool beside;  // beside homework.json, and not in answers/
  };
  std::vector<File> files_;
};

}  // namespace attn::app::homework
