// The table of all commands: the rows with which the commands' files end, in the order of
// commands.def.
#include "app/frame/command.h"

namespace attn::app {

#define GROUP(title)
#define COMMAND(name) Command name##_command();
#include "app/commands.def"
#undef GROUP
#undef COMMAND

const std::vector<Command>& commands() {
  static const std::vector<Command> table = [] {
    std::vector<Command> rows;
    std::string group;
    const auto add = [&](Command row) {
      row.group = group;
      rows.push_back(std::move(row));
    };
#define GROUP(title) group = title;
#define COMMAND(name) add(name##_command());
#include "app/commands.def"
#undef GROUP
#undef COMMAND
    return rows;
  }();
  return table;
}

const Command* find_command(const std::string& name) {
  for (const Command& command : commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

std::vector<std::string> parts_of(const std::string& family) {
  std::vector<std::string> out;
  for (const Command& command : commands()) {
    if (command.name.starts_with(family + " "))
      out.push_back(command.name.substr(family.size() + 1));
  }
  return out;
}

std::vector<std::string> with_whole_name(std::vector<std::string> arguments) {
  if (arguments.size() < 2 || arguments[1].starts_with("-") || parts_of(arguments[0]).empty())
    return arguments;
  // "lesson" is a command too: in "lesson 05" the second word is its argument.
  if (find_command(arguments[0]) && !find_command(arguments[0] + " " + arguments[1]))
    return arguments;
  arguments[0] += " " + arguments[1];
  arguments.erase(arguments.begin() + 1);
  return arguments;
}

}  // namespace attn::app
