#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn::app {

/// What a function was called with, part by part as text, with the names that exercise.h gives the
/// parts: "q:", "before.h:", "beams[0].words:". Where it gives none, the text alone.
std::string with_names(std::string_view header, const std::string& function,
                       const std::vector<std::string>& arguments);

}  // namespace attn::app
