#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn::app {

/// The command line with what a learner typed to change it: "seed 3", "size 16", options such as
/// "--heads 4", or another sentence. Throws Error(bad_input) for a quote that is not closed;
/// whether the command likes the change is its own affair.
std::vector<std::string> changed_command(const std::vector<std::string>& words,
                                         std::string_view change);

}  // namespace attn::app
