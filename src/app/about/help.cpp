#include "app/about/help.h"

#include <fmt/format.h>

#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn::app {

std::string option_head(const OptionRow& row) {
  return row.value.empty() ? row.name : row.name + " " + row.value;
}

std::string option_help(const OptionRow& row) {
  std::string help = row.help;
  if (!row.choices.empty()) help += fmt::format(": {}", joined(row.choices, ", "));
  if (!row.range.empty()) help += fmt::format("; {}", row.range);
  if (!row.preset.empty() && row.preset != "-1") help += fmt::format(" (default {})", row.preset);
  return help;
}

namespace {

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

}  // namespace attn::app
