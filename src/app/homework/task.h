#pragma once
#include <string>

#include "app/homework/grade.h"

namespace attn::app::homework {

/// task.md: the sheet as the student reads it, wherever the folder is moved to.
std::string task_text(const Manifest& manifest, const Values& given);

/// Writes task.md, inputs/, an empty answers/ and, last, homework.json into `folder`, which is made
/// if need be. Throws Error(usage) if a homework.json is there already, and what write_file throws.
void write_sheet(const std::string& folder, const Manifest& manifest, const Values& given);

/// A score or a number of points: "7.5", "10".
std::string points_text(double points);

}  // namespace attn::app::homework
