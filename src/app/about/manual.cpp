// Help, completions and the man page: all from the table of commands.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands.h"
#include "attn/text/utf8.h"

namespace attn::app {

void bind(Cli& cli, CompletionsOptions& o) {
  cli.positional("SHELL", o.shell, "bash, zsh or fish");
}

namespace {

std::string option_head(const OptionRow& row) {
  return row.value.empty() ? row.name : row.name + " " + row.value;
}

std::string option_help(const OptionRow& row) {
  std::string help = row.help;
  if (!row.choices.empty()) help += fmt::format(": {}", fmt::join(row.choices, ", "));
  if (!row.range.empty()) help += fmt::format("; {}", row.range);
  if (!row.standard.empty() && row.standard != "-1")
    help += fmt::format(" (default {})", row.standard);
  return help;
}

std::string option_lines(const std::vector<OptionRow>& rows, bool common) {
  std::string out;
  for (const OptionRow& row : rows) {
    if (row.common != common) continue;
    const std::vector<std::string> lines = wrap(option_help(row), 54);
    out += fmt::format("  {:<22} {}\n", option_head(row), lines.empty() ? "" : lines[0]);
    for (std::size_t i = 1; i < lines.size(); ++i) out += fmt::format("{:25}{}\n", "", lines[i]);
  }
  return out;
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

/// A line of roff that cannot be taken for a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '-' ? std::string("\\-") : c == '\\' ? std::string("\\e") : std::string(1, c);
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

}  // namespace

std::string help(const Command& command) {
  const std::vector<OptionRow> rows = option_rows(command);
  std::string out = fmt::format("attn {}: {}\n\n", command.name, command.summary);
  std::string words;
  for (const OptionRow& row : rows) {
    if (!row.name.starts_with("--")) words += " [" + row.name + "]";
  }
  out += fmt::format("Usage: attn {} [options]{}\nTry:   attn {}\n", command.name, words,
                     command.example);
  const std::string own = option_lines(rows, false), common = option_lines(rows, true);
  if (!own.empty()) out += "\nOptions of this command\n" + own;
  if (!common.empty()) out += "\nOptions of every stage\n" + common;
  return out;
}

std::string overview() {
  std::string out =
      "attn shows how attention works: every matrix with name, formula and numbers.\n\n";
  std::string group;
  for (const Command& c : commands()) {
    if (c.group != group) out += fmt::format("{}{}\n", group.empty() ? "" : "\n", c.group);
    group = c.group;
    out += fmt::format("  {:<13} {}\n", c.name, c.summary);
  }
  return out +
         "\nStart with: attn attend 'the animal was tired'\n"
         "Then:       attn map, and attn COMMAND --help\n";
}

std::string family_overview(const std::string& family) {
  std::string out;
  for (const Command& c : commands()) {
    if (c.name.starts_with(family + " "))
      out += fmt::format("  attn {:<14} {}\n", c.name, c.summary);
  }
  return out +
         fmt::format("\nOptions and an example: attn {} {} --help\n", family, parts_of(family)[0]);
}

void man(Stage& s) {
  std::string out =
      ".TH ATTN 1 \"\" \"attn " ATTN_VERSION
      "\" \"User Commands\"\n.SH NAME\nattn \\- attention, step by step, in a terminal\n"
      ".SH SYNOPSIS\n.B attn\n.I COMMAND\n[\\fIoptions\\fR] [\\fItext\\fR]\n.SH COMMANDS\n";
  for (const Command& c : commands()) {
    out += fmt::format(".SS {}\n{}.\n.PP\nExample: \\fBattn {}\\fR\n", c.name, roff(c.summary),
                       roff(c.example));
    for (const OptionRow& row : option_rows(c)) {
      if (row.common) continue;
      out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(option_head(row)), roff(option_help(row)));
    }
  }
  out += ".SH OPTIONS OF EVERY STAGE\n";
  for (const OptionRow& row : option_rows(*find_command("attend"))) {
    if (row.common)
      out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(option_head(row)), roff(option_help(row)));
  }
  out +=
      ".SH EXIT STATUS\n0 done; 1 the answer is no; 2 usage; 3 bad input file; 4 cannot read or "
      "write; 5 a limit was hit; "
      "70 internal error; 130 interrupted.\n";
  s.trace.add(Verbatim{out});
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

}  // namespace attn::app
