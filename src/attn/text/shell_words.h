#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// The words of one command line as a shell takes them: spaces part words; '...', "..." and a
/// backslash keep them together. Nothing else has a meaning. Throws Error(bad_input) for a quote
/// that is not closed.
std::vector<std::string> shell_words(std::string_view line);

/// The other way round: "attend 'two words' --seed 2".
std::string shell_line(const std::vector<std::string>& words);

}  // namespace attn
