#pragma once
// What the readers of the project's own text formats share: lines, names and weights.
#include <optional>
#include <string_view>
#include <vector>

#include "attn/core/trimmed.h"

namespace attn {

/// The pieces between separators, trimmed; one more than there are separators.
std::vector<std::string_view> split(std::string_view text, char separator);

/// What stands between spaces, tabs and carriage returns.
std::vector<std::string_view> fields(std::string_view text);

/// A number above 0 and at most 1000000, or nothing.
std::optional<double> read_weight(std::string_view text);

}  // namespace attn
