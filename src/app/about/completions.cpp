// completions: for bash, zsh and fish, from the table of commands.
#include "app/about/completions.h"

#include <fmt/format.h>

#include "app/frame/command.h"
#include "attn/core/error.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

struct CompletionsOptions {
  std::vector<std::string> shell;
};

void bind(Cli& cli, CompletionsOptions& o) {
  cli.positional("SHELL", o.shell, "bash, zsh or fish");
  cli.suggest([] { return std::vector<std::string>{"bash", "zsh", "fish"}; });
}

void completions(Stage& s, const CompletionsOptions& o) {
  const std::string shell = o.shell.size() == 1 ? o.shell[0] : "";
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    throw Error(ErrorKind::usage,
                shell.empty() ? "completions needs a shell"
                              : fmt::format("no completions for {}", escaped(shell)),
                "possible: bash, zsh, fish");
  }
  s.trace.add(Verbatim{shell == "bash"  ? bash_completions()
                       : shell == "zsh" ? zsh_completions()
                                        : fish_completions()});
}

}  // namespace

Command completions_command() {
  return {.name = "completions",
          .kind = CommandKind::about,
          .summary = "completions for bash, zsh or fish",
          .example = "completions bash",
          .setup = with_options<CompletionsOptions>(bind, completions)};
}

}  // namespace attn::app
