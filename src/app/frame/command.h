#pragma once
// A command is a function from its options to a Trace. It never prints; main hands the Trace to a
// renderer, `why` asks it, a test compares it.
#include <functional>
#include <string>
#include <vector>

#include "app/frame/cli.h"
#include "app/frame/stage.h"

namespace attn::app {

/// One row of the table of commands.
struct Command {
  std::string name;
  std::string group;    ///< where it stands in the flow: "text", "attention", "about attn"
  std::string summary;  ///< one line for the list
  std::string example;  ///< arguments behind "attn " that show it at its best
  /// Adds the command's own options to `cli`; what it returns computes with them.
  std::function<std::function<void(Stage&)>(Cli& cli)> setup;
  bool takes_stage_options = true;  ///< false: only --json, --plain and the like
  bool shows_numbers = false;  ///< without stage options: its trace has steps that why can explain
  /// It is read as it is computed, on the console, and writes its --out by itself: a lesson.
  bool converses = false;
};

/// All commands, in flow order (commands.cpp).
const std::vector<Command>& commands();
const Command* find_command(const std::string& name);
/// The arguments with a name of two words as one: "bert", "tokens" becomes "bert tokens".
std::vector<std::string> with_whole_name(std::vector<std::string> arguments);
/// The second words of the commands that begin with this word: "tokens", ... for "bert".
std::vector<std::string> parts_of(const std::string& family);

/// Options of a command, its own first.
std::vector<OptionRow> option_rows(const Command& command);

/// Makes `setup` from a struct of options with defaults, a function that binds them, and one that
/// computes. A new struct for each parse: nothing is left over from the last run.
template <class Options>
auto with_options(void (*bind)(Cli&, Options&), void (*compute)(Stage&, const Options&)) {
  return [=](Cli& cli) -> std::function<void(Stage&)> {
    auto options = std::make_shared<Options>();
    bind(cli, *options);
    return [=](Stage& stage) { compute(stage, *options); };
  };
}
/// The same for a command without options of its own.
inline auto without_options(void (*compute)(Stage&)) {
  return [=](Cli&) -> std::function<void(Stage&)> { return compute; };
}

/// What the command line asked for.
struct Parsed {
  const Command* command = nullptr;
  Common common;
  std::function<void(Stage&)> compute;
};

/// Reads "heads --heads 2 ...". Throws Error(usage).
Parsed parse_command_line(const std::vector<std::string>& arguments);

/// Computes the trace, --repeat times. In-process, as often as wanted: nothing is left over.
Trace compute(const Parsed& parsed);
/// --show must find something: an empty screen teaches nothing. Throws Error(usage) with the names.
void require_match(const Trace& trace, const std::string& glob);
inline Trace compute(const std::vector<std::string>& arguments) {
  return compute(parse_command_line(arguments));
}

/// Help for one command, from its rows.
std::string help(const Command& command);
/// What attn is and the list of its commands.
std::string overview();
/// The list of the commands that begin with this word: "bert".
std::string family_overview(const std::string& family);

}  // namespace attn::app
