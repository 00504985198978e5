#pragma once
// A command is a function from its options to a Trace. It never prints; main hands the Trace to a
// renderer, `why` asks it, a test compares it.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/frame/cli.h"
#include "app/frame/stage.h"

namespace attn::app {

/// What a command is, and so which options it takes.
enum class CommandKind {
  stage,   ///< shows one stage of a text or a matrix: takes the options of every stage
  model,   ///< shows the numbers of a whole model, with options of its own
  work,    ///< trains, measures or counts: tables, no steps that `why` could explain
  course,  ///< lessons, exercises, homework: not run inside a lesson
  about,   ///< speaks of attn and of other commands
};

/// One row of the table of commands: what a command's file ends with.
struct Command {
  std::string name;  ///< one word, or two: "bert tokens"
  CommandKind kind = CommandKind::stage;
  std::string summary;  ///< one line for the list
  std::string example;  ///< arguments behind "attn " that show it at its best
  /// Adds the command's own options to `cli`; what it returns computes with them.
  std::function<std::function<void(Stage&)>(Cli& cli)> setup;
  /// Of a stage: what it reads where neither a text nor --input is given.
  std::string default_text = kDefaultSentence;
  /// Of a stage: the positions that a text gets where --position is not given.
  std::string default_position = "none";
  bool slow = false;  ///< takes seconds or minutes: it trains, or measures
  /// It is read as it is computed, on the console, and writes its --out by itself: a lesson.
  bool converses = false;
  /// Its words name another command with options, whose line is read in its turn: why.
  bool asks_another = false;
  std::string group = {};  ///< where it stands in the flow; the table fills it in

  bool shows_numbers() const { return kind == CommandKind::stage || kind == CommandKind::model; }
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

}  // namespace attn::app
