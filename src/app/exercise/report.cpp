#include "app/exercise/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/misconceptions.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"

namespace attn::app {

namespace {

/// One sentence for each misconception that the wrong value fits.
std::string betrayed(const std::vector<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) {
    const Misconception* known = find_misconception(id);
    if (!known) continue;
    out += fmt::format("{} {} ({}). {}",
                       out.empty() ? "This is exactly what comes out when"
                                   : " Or just as well: what comes out when",
                       known->mistake, known->id, known->help);
  }
  return out;
}

std::string status_words(const std::string& status) {
  static const std::pair<const char*, const char*> kWords[] = {{"right", "right"},
                                                               {"wrong", "wrong"},
                                                               {"threw", "exception"},
                                                               {"crash", "crashed"},
                                                               {"exit", "ended early"},
                                                               {"time", "no end"},
                                                               {"memory", "too much memory"},
                                                               {"output", "too much output"},
                                                               {"process", "started a process"}};
  for (const auto& [name, words] : kWords) {
    if (status == name) return words;
  }
  return status;
}

void show_failure(Trace& trace, const CheckResult& result) {
  const auto failed = std::find_if(result.cases.begin(), result.cases.end(),
                                   [](const CaseResult& c) { return c.status != "right"; });
  if (failed == result.cases.end()) return;
  trace.say(fmt::format("First to fail: {}: {}{}", failed->name, failed->message,
                        failed->message.ends_with('?') ? "" : "."));
  if (const std::string why = betrayed(failed->misconceptions); !why.empty()) trace.say(why);
  const std::pair<const char*, const std::string&> kValues[] = {
      {"Your function was called with:", failed->input},
      {"It gave:", failed->yours},
      {"Right is:", failed->expected}};
  for (const auto& [title, values] : kValues) {
    if (values.empty()) continue;
    trace.say(title);
    trace.add(Verbatim{first_lines(values, 20)});
  }
  if (!failed->printed.empty()) {
    trace.say("Your code printed (this is for you; it counts for nothing):");
    trace.add(Verbatim{first_lines(failed->printed, 8)});
  }
  if (!result.compiler.empty()) {
    trace.say("The compiler warned:");
    trace.add(Verbatim{first_lines(result.compiler, 4)});
  }
}

}  // namespace

void show_result(Trace& trace, const CheckResult& result) {
  trace.title = fmt::format("{}: {} of {}", result.exercise, result.points(),
                            how_many(result.worth(), "point"));
  if (!result.compiled) {
    trace.say("Your file does not compile, so nothing could be tried. The compiler says:");
    trace.add(Verbatim{first_lines(result.compiler, 25)});
    if (result.compiler.find("multiple definition of `main'") != std::string::npos)
      trace.say("Your file needs no main: the functions of exercise.h are called for you.");
    if (result.compiler.find("undefined reference to") != std::string::npos)
      trace.say("A function of exercise.h is missing in your file, or has other parameters there.");
  } else {
    Table table{"cases", "", {"case", "points", "of", "result"}, {}};
    for (const CaseResult& c : result.cases)
      table.rows.push_back({c.name, double(c.points), double(c.worth), status_words(c.status)});
    trace.add(std::move(table));
    show_failure(trace, result);
  }
  trace.check(fmt::format("{} of {}", result.points(), how_many(result.worth(), "point")),
              double(result.worth() - result.points()), 0);
  trace.document = result_document(result);
}

std::string result_document(const CheckResult& result) {
  using nlohmann::ordered_json;
  ordered_json cases = ordered_json::array();
  for (const CaseResult& c : result.cases) {
    ordered_json misconception = nullptr, all = c.misconceptions;
    if (!c.misconceptions.empty()) misconception = c.misconceptions[0];
    cases.push_back({{"name", c.name},
                     {"status", c.status},
                     {"points", c.points},
                     {"max", c.worth},
                     {"misconception", misconception},
                     {"misconceptions", all},
                     {"message", c.message},
                     {"input", c.input},
                     {"yours", c.yours},
                     {"expected", c.expected},
                     {"printed", c.printed}});
  }
  const ordered_json document = {{"format", 1},
                                 {"exercise", result.exercise},
                                 {"lesson", result.lesson},
                                 {"score", result.points()},
                                 {"max", result.worth()},
                                 {"compiled", result.compiled},
                                 {"compiler", result.compiler},
                                 {"cases", cases}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace attn::app
