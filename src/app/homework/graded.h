#pragma once
// What `homework grade` and `homework report` begin with: the submissions of a course, graded.
#include <string>
#include <vector>

#include "app/frame/stage.h"
#include "app/homework/classroom.h"

namespace attn::app {

void bind_folders(Cli& cli, std::vector<std::string>& folders, std::string& secret);

/// Grades all submissions in the folders; what was left out is said.
std::vector<homework::Result> graded(Stage& s, const std::vector<std::string>& folders,
                                     const std::string& secret, bool again);

/// Writes what is worth keeping: the file before stays as .bak, two processes do not mix.
void keep(const std::string& path, const std::string& bytes);

}  // namespace attn::app
