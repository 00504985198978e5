// map: the flow, and the command for each stage.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "attn/core/joined.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

constexpr std::size_t kMapWidth = 78;

/// The commands that are no stage, a line or two for each group.
std::string others() {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const Command& command : commands()) {
    if (command.kind == CommandKind::stage) continue;
    if (groups.empty() || groups.back().first != command.group)
      groups.push_back({command.group, {}});
    groups.back().second.push_back(command.name);
  }
  std::string out;
  for (const auto& [title, names] : groups) {
    for (const std::string& line :
         wrap(fmt::format("  {}: {}", title, joined(names, ", ")), kMapWidth))
      out += line + "\n";
  }
  return out;
}

void map(Stage& s) {
  s.trace.title = "The way of a sentence, and the command that shows each stage";
  std::string drawing, group;
  for (const Command& command : commands()) {
    if (command.kind != CommandKind::stage) continue;
    if (command.group != group) {
      if (!drawing.empty()) drawing += "      |\n      v\n";
      group = command.group;
      drawing += group + "\n";
    }
    drawing += fmt::format("  attn {:<11} {}\n", command.name, command.summary);
  }
  s.trace.add(Verbatim{drawing});
  s.trace.say("Beside the flow:");
  s.trace.add(Verbatim{others()});
  s.trace.say(
      "Every stage takes a sentence of your own: attn attend 'my own words'. Ask any printed "
      "number why: "
      "attn why 'weights[0,1]' attend.");
}

}  // namespace

Command map_command() {
  return {.name = "map",
          .kind = CommandKind::about,
          .summary = "the flow, and the command for each stage",
          .example = "map",
          .setup = without_options(map)};
}

}  // namespace attn::app
