// homework list: the sheets that there are.
#include "app/frame/command.h"
#include "app/homework/worksheet.h"

namespace attn::app {

namespace {

using homework::Sheet;

void homework_list(Stage& s) {
  s.trace.title = "Homework";
  Table table{"sheets", "", {"name", "what it is about", "steps", "points"}, {}};
  for (const Sheet& sheet : homework::sheets())
    table.rows.push_back({sheet.name, sheet.title, double(sheet.steps.size()), sheet.points()});
  s.trace.add(std::move(table));
  s.trace.say(
      "Begin with: attn homework new softmax --student YOUR-ID --out FOLDER. The folder's task.md "
      "says what to do; attn homework check FOLDER says how far you are.");
}

}  // namespace

Command homework_list_command() {
  return {.name = "homework list",
          .kind = CommandKind::course,
          .summary = "the sheets that there are",
          .example = "homework list",
          .setup = without_options(homework_list)};
}

}  // namespace attn::app
