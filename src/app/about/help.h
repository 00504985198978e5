#pragma once
// Help, from the table of commands.
#include <string>

#include "app/frame/command.h"

namespace attn::app {

/// Help for one command, from its rows.
std::string help(const Command& command);
/// What attn is and the list of its commands.
std::string overview();
/// The list of the commands that begin with this word: "bert".
std::string family_overview(const std::string& family);

/// "--heads N"
std::string option_head(const OptionRow& row);
/// What it does, its possible words or range, its default.
std::string option_help(const OptionRow& row);

}  // namespace attn::app
