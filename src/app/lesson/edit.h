#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn::app {

/// The command line with what a learner typed to change it: "seed 3", "size 16", options such as
/// "--heads 4", or else another sentence, as it stands. Throws Error(bad_input) for a quote among
/// options that is not closed; whether the command likes the change is its own affair.
std::vector<std::string> changed_command(const std::vector<std::string>& words,
                                         std::string_view change);

/// What of this command line can be changed, and how, as said to the learner.
std::string possible_changes(const std::vector<std::string>& words);

}  // namespace attn::app
