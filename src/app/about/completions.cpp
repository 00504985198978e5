// completions: for bash, zsh and fish, from the table of commands.
#include <fmt/format.h>
#include <fmt/ranges.h>

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
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Command& c : commands()) {
    const std::string first = c.name.substr(0, c.name.find(' '));
    if (out.empty() || out.back() != first) out.push_back(first);
  }
  return out;
}

std::vector<std::string> dashed(const Command& c) {
  std::vector<std::string> out;
  for (const OptionRow& row : option_rows(c)) {
    if (row.name.starts_with("--")) out.push_back(row.name);
  }
  return out;
}

std::string bash() {
  std::string cases, parts;
  for (const Command& c : commands())
    cases += fmt::format("    \"{} \"*) words=\"{}\" ;;\n", c.name, fmt::join(dashed(c), " "));
  for (const std::string& name : names()) {
    if (const auto second = parts_of(name); !second.empty())
      parts += fmt::format("    {}) parts=\"{}\" ;;\n", name, fmt::join(second, " "));
  }
  return fmt::format(
      "# attn completions for bash: source <(attn completions bash)\n"
      "_attn() {{\n"
      "  local words parts=\"\" current=\"${{COMP_WORDS[COMP_CWORD]}}\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$parts\" ]; then\n"
      "    COMPREPLY=($(compgen -W \"$parts\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}} \" in\n{}  esac\n"
      "  case \"$current\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
      "  esac\n"
      "}}\n"
      "complete -F _attn attn\n",
      fmt::join(names(), " "), parts, cases);
}

/// Inside single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string zsh() {
  std::string list, parts, cases;
  for (const Command& c : commands()) {
    cases += fmt::format("    '{} '*) options=({}) ;;\n", c.name, fmt::join(dashed(c), " "));
  }
  for (const std::string& name : names()) {
    const auto second = parts_of(name);
    list += "    " +
            quoted(name + ":" +
                   (second.empty() ? find_command(name)->summary
                                   : fmt::format("{}", fmt::join(second, ", ")))) +
            "\n";
    if (!second.empty())
      parts += fmt::format("    {}) compadd {}; return ;;\n", name, fmt::join(second, " "));
  }
  return fmt::format(
      "#compdef attn\n"
      "# attn completions for zsh: source <(attn completions zsh)\n"
      "_attn() {{\n"
      "  local -a list options\n"
      "  list=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then _describe command list; return; fi\n"
      "  if (( CURRENT == 3 )); then case \"${{words[2]}}\" in\n{}  esac; fi\n"
      "  case \"${{words[2]}} ${{words[3]}} \" in\n{}  esac\n"
      "  if [[ \"${{words[CURRENT]}}\" == -* ]]; then compadd -- $options; else _files; fi\n"
      "}}\n"
      "compdef _attn attn\n",
      list, parts, cases);
}

std::string fish() {
  std::string out = "# attn completions for fish: attn completions fish | source\n";
  for (const std::string& name : names()) {
    if (!parts_of(name).empty())
      out += fmt::format("complete -c attn -n __fish_use_subcommand -f -a {}\n", name);
  }
  for (const Command& c : commands()) {
    const std::size_t space = c.name.find(' ');
    const std::string first = c.name.substr(0, space);
    const bool part = space != std::string::npos;
    std::string seen = "__fish_seen_subcommand_from " + first;
    out += fmt::format("complete -c attn -n {} -f -a {} -d {}\n",
                       part ? quoted(seen) : "__fish_use_subcommand",
                       part ? c.name.substr(space + 1) : first, quoted(c.summary));
    if (part) seen += "; and __fish_seen_subcommand_from " + c.name.substr(space + 1);
    for (const OptionRow& row : option_rows(c)) {
      if (!row.name.starts_with("--")) continue;
      out += fmt::format("complete -c attn -n '{}' -l {}{} -d {}\n", seen, row.name.substr(2),
                         row.value.empty() ? "" : " -r", quoted(row.help));
    }
  }
  return out;
}

void completions(Stage& s, const CompletionsOptions& o) {
  const std::string shell = o.shell.size() == 1 ? o.shell[0] : "";
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    throw Error(ErrorKind::usage,
                shell.empty() ? "completions needs a shell"
                              : fmt::format("no completions for {}", escaped(shell)),
                "possible: bash, zsh, fish");
  }
  s.trace.add(Verbatim{shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish()});
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
