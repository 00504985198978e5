#include "app/lesson/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/lesson/show.h"
#include "attn/render/plain.h"
#include "attn/render/terminal.h"

namespace attn::app {

std::string summary(const LessonRecord& record, const std::vector<std::size_t>& screens,
                    const RenderOptions& options) {
  static const char* const kNames[] = {"not said", "1 guessed", "2 think so", "3 sure"};
  double right[4] = {}, wrong[4] = {};
  int answered = 0, shown = 0, hints = 0;
  std::vector<std::size_t> sure_and_wrong;
  for (const auto& [number, answer] : record.answers) {
    hints += answer.hints;
    shown += answer.shown ? 1 : 0;
    if (!answer.answered) continue;
    ++answered;
    (answer.right ? right : wrong)[answer.confidence] += 1;
    const auto place = static_cast<std::size_t>(number) - 1;
    if (!answer.right && answer.confidence == 3 && place < screens.size())
      sure_and_wrong.push_back(screens[place]);
  }
  Trace trace;
  trace.title = "The end of the lesson";
  Table table{
      "answers", "Your first answers, by how sure you were.", {"confidence", "right", "wrong"}, {}};
  for (int c = 3; c >= 0; --c) {
    if (c == 0 && right[c] + wrong[c] == 0) continue;
    table.rows.push_back({std::string(kNames[c]), right[c], wrong[c]});
  }
  if (answered > 0) trace.add(std::move(table));
  if (shown + hints > 0)
    trace.say(fmt::format("Hints: {}. Answers shown to you: {}.", hints, shown));
  if (!sure_and_wrong.empty())
    trace.say(fmt::format("Sure and wrong is where most is to be learnt: look again at screen {}.",
                          fmt::join(sure_and_wrong, " and ")));
  return "\n" + (options.plain ? plain(trace, options) : terminal(trace, options));
}

}  // namespace attn::app
