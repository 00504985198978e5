#pragma once
// What may stand where on the command line, from the table of commands: the same for every shell.
#include <string>
#include <string_view>
#include <vector>

#include "app/frame/command.h"

namespace attn::app {

/// What may stand behind an option, or as a word of a command.
struct Offer {
  enum class Kind {
    nothing,  ///< a flag, or a command that takes no words
    free,     ///< a number, a text: nothing to offer
    words,    ///< one of these
    list,     ///< some of these, with commas between them
    files,    ///< a file, or one of these words
    folders,
  };
  Kind kind = Kind::nothing;
  std::vector<std::string> words = {};
};
Offer offer_of(const OptionRow& row);

/// The first words of all commands, each once.
std::vector<std::string> first_words();
/// What the command of this word does, or the words that may follow it.
std::string summary_of(const std::string& first);

/// Inside single quotes of a shell.
std::string single_quoted(std::string_view text);

/// What bash and zsh both read: functions that look up what may stand where.
std::string completion_tables();

std::string bash_completions();
std::string zsh_completions();
std::string fish_completions();

}  // namespace attn::app
