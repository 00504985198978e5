#pragma once
// Answers as people's programs write them.
#include <string>

#include "attn/core/array.h"

namespace attn::app::homework {

/// The table of numbers in a text file: commas, semicolons, tabs or spaces between the cells, with
/// or without quotes, blank lines, comments (#), UTF-16, the sign U+2212, a decimal comma where
/// nothing else can be meant; or an NPY file under another name. Numbers that no float holds are
/// endless. Throws Error(bad_input), and says what the file seems to be, for anything else.
Array parse_answer(const std::string& bytes, const std::string& name);

}  // namespace attn::app::homework
