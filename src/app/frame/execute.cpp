#include "app/frame/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/frame/glossary.h"
#include "app/frame/terms.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

/// The command's own options, then the common ones; what computes with them.
std::function<void(Stage&)> bind_all(const Command& command, Cli& cli, Common& common) {
  std::function<void(Stage&)> compute = command.setup(cli);
  if (command.asks_another) {
    cli.leave_unknown();
    return compute;
  }
  const bool stage = command.kind == CommandKind::stage;
  if (stage)
    cli.positional("text", common.text, "the sentence (or, for softmax, the numbers)",
                   FileUse::reads);
  common.position = command.default_position;
  add_common_options(cli, common, stage);
  return compute;
}

}  // namespace

std::vector<OptionRow> option_rows(const Command& command) {
  Cli cli(command.name);
  Common common;
  bind_all(command, cli, common);
  return cli.rows();
}

namespace {

/// The command that somebody who wrote `word` may have meant, or "": the one that shows what the
/// books call so, or by its letters.
std::string command_meant(const std::string& word) {
  if (const Term* term = find_term(word)) return term->command;
  std::vector<std::string> names;
  for (const Command& c : commands()) names.push_back(c.name);
  if (const std::string near = nearest(word, names); !near.empty()) return near;
  const Term* near = nearest_term(word);
  return near ? near->command : "";
}

/// `why [--depth N] STEP[i,j] COMMAND [options]`: all options but its own belong to the inner
/// command, those of showing too, wherever they stand. So how it is to be shown is taken over.
Common common_of_inner(const std::vector<std::string>& words) {
  return words.size() < 2 ? Common() : parse_command_line({words.begin() + 1, words.end()}).common;
}

}  // namespace

Parsed parse_command_line(const std::vector<std::string>& given) {
  if (given.empty()) throw Error(ErrorKind::usage, "no command", "attn --help lists the commands");
  const std::vector<std::string> arguments = with_whole_name(given);
  if (const auto parts = parts_of(arguments[0]); !parts.empty() && !find_command(arguments[0])) {
    throw Error(ErrorKind::usage, fmt::format("{} what?", arguments[0]),
                fmt::format("one of: {}", joined(parts, ", ")));
  }
  const Command* command = find_command(arguments[0]);
  if (!command) {
    if (arguments[0].starts_with("-")) {
      throw Error(
          ErrorKind::usage, fmt::format("no command before \"{}\"", escaped(arguments[0])),
          fmt::format("the command comes first, as in: attn attend {}", escaped(arguments[0])));
    }
    const std::string near = command_meant(arguments[0]);
    throw Error(ErrorKind::usage, fmt::format("no command \"{}\"", escaped(arguments[0])),
                near.empty() ? "attn --help lists the commands"
                             : fmt::format("did you mean: attn {}?", near));
  }
  Parsed parsed;
  parsed.command = command;
  Common& common = parsed.common;
  Cli cli(command->name);
  parsed.compute = bind_all(*command, cli, common);
  cli.parse({arguments.begin() + 1, arguments.end()});
  if (command->asks_another) {
    common = common_of_inner(cli.words());
    common.repeat = 1;
    common.show.clear();  // it chose among the steps of the inner command
  } else {
    common.given = cli.given();
    common.files = cli.files();
    common.default_text = command->default_text;
    if (const std::string threads = cli.value("--threads"); !threads.empty())
      parsed.threads = parse_integer("--threads", threads, 1, 1024);
  }
  common.arguments = given;
  if (command->kind == CommandKind::stage && common.text.size() == 1 && common.text[0].empty()) {
    throw Error(ErrorKind::usage, "the text is empty",
                "write a sentence in quotes, or leave it out for an example");
  }
  return parsed;
}

namespace {

/// Median and half the distance between the quartiles.
std::pair<double, double> median_and_spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(std::lround(q * double(values.size() - 1)))];
  };
  return {at(0.5), (at(0.75) - at(0.25)) / 2};
}

std::size_t not_finite(const Step& step) {
  return static_cast<std::size_t>(std::count_if(step.values().begin(), step.values().end(),
                                                [](real x) { return !std::isfinite(x); }));
}

/// Of finite numbers too: the first step whose formula gives more than a float can hold.
void say_where_it_overflowed(Trace& trace) {
  bool hides = false;  // -inf was given, as masks do
  for (const Step* step : trace.steps()) {
    if (step->kind() == Tensor::Kind::value) continue;
    for (const real x : step->values()) {
      if (std::isnan(x) || x == std::numeric_limits<real>::infinity()) return;  // given so
      hides |= std::isinf(x);
    }
  }
  for (const Step* step : trace.steps()) {
    if (step->kind() != Tensor::Kind::value || step->path.starts_with("naive.")) continue;
    const auto count = std::count_if(step->values().begin(), step->values().end(), [&](real x) {
      return !std::isfinite(x) && !(hides && x < 0);
    });
    if (count == 0) continue;
    std::erase_if(trace.items, [](const Item& item) {
      const auto* check = std::get_if<Check>(&item);
      return check && !std::isfinite(check->difference);
    });
    return trace.say(
        fmt::format("All that was given is finite, but {} of the {} numbers of {} {} not: there "
                    "the arithmetic first gave more than a float can hold (about 3.4e38). What is "
                    "computed from them is infinite or nan, and checks with them are left out.",
                    count, step->values().size(), step->path, count == 1 ? "is" : "are"));
  }
}

/// nan spreads through every formula. Where it was given, it is said once, and the checks that
/// cannot be made with it are left out.
void say_what_is_not_finite(Trace& trace) {
  std::vector<std::string> given;
  for (const Step* step : trace.steps()) {
    // A mask is made of infinities, and of given scores softmax itself tells.
    const bool outside =
        step->kind() == Tensor::Kind::input ||
        (step->kind() == Tensor::Kind::parameter && trace.parameters == Origin::file);
    const std::size_t count =
        outside && !matches("mask,scores", step->path) ? not_finite(*step) : 0;
    if (count > 0)
      given.push_back(
          fmt::format("{} of the {} numbers of {}", count, step->values().size(), step->path));
  }
  if (given.empty()) return say_where_it_overflowed(trace);
  const std::size_t before = trace.items.size();
  std::erase_if(trace.items, [](const Item& item) {
    const auto* check = std::get_if<Check>(&item);
    return check && !check->holds();
  });
  const std::size_t undecided = before - trace.items.size();
  trace.say(fmt::format(
      "nan or infinite as they were given: {}. What is computed from nan is nan.{}",
      joined(given, ", "),
      undecided == 0 ? "" : " Checks that cannot be made with such numbers are left out."));
}

Trace compute_once(const Parsed& parsed) {
  if (parsed.command->kind == CommandKind::stage)
    source_of(parsed.common);  // throws for an ending or an option that does not fit
  Stage stage(parsed.common);
  parsed.compute(stage);
  if (parsed.command->kind == CommandKind::stage) say_what_is_not_finite(stage.trace);
  if (parsed.command->kind == CommandKind::stage) stage.parameters.check();
  return std::move(stage.trace);
}

}  // namespace

namespace {

/// Every time that the trace holds: of its steps, and in the columns "(ms)" of its tables.
std::vector<double*> times_of(Trace& trace) {
  std::vector<double*> out;
  for (Item& item : trace.items) {
    if (auto* step = std::get_if<Step>(&item)) out.push_back(&step->milliseconds);
    auto* table = std::get_if<Table>(&item);
    for (std::size_t c = 0; table && c < table->columns.size(); ++c) {
      if (!table->columns[c].ends_with("(ms)")) continue;
      for (auto& row : table->rows) {
        if (auto* time = std::get_if<double>(&row[c])) out.push_back(time);
      }
    }
  }
  return out;
}

}  // namespace

std::string steps_hint(const char* whose, const std::string& asked,
                       const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 30;
  if (names.size() <= kMost) return fmt::format("{} steps: {}", whose, joined(names, ", "));
  std::vector<std::string> like;
  for (const std::string& name : names) {
    if (name.ends_with("." + asked)) like.push_back(name);
  }
  std::vector<std::string> some = like.empty() ? names : like;
  const std::size_t all = some.size();
  some.resize(std::min(all, kMost));
  return fmt::format("{} steps{}: {}{}", whose, like.empty() ? "" : " of that name",
                     joined(some, ", "),
                     all > kMost ? fmt::format(", ... ({} in all)", all) : std::string());
}

void require_match(const Trace& trace, const std::string& glob) {
  if (glob.empty()) return;
  std::vector<std::string> names;
  for (const Item& item : trace.items) {
    if (const auto* step = std::get_if<Step>(&item)) names.push_back(step->path);
    if (const auto* table = std::get_if<Table>(&item)) names.push_back(table->name);
  }
  if (std::any_of(names.begin(), names.end(),
                  [&](const std::string& name) { return matches(glob, name); }))
    return;
  const std::string near = nearest(glob, names);
  throw Error(ErrorKind::usage,
              fmt::format("--show {}: no step has such a name{}", escaped(glob),
                          near.empty() ? "" : fmt::format("; did you mean {}?", near)),
              steps_hint("the", glob, names));
}

Trace compute(const Parsed& parsed) {
  std::vector<std::vector<double>> times;  // by place, then by pass
  Trace trace;
  std::int64_t passes = 0;
  Progress* progress = parsed.common.progress;
  bool stopped = false;
  while (passes < parsed.common.repeat && !stopped) {
    trace = compute_once(parsed);
    ++passes;
    stopped = parsed.common.repeat > 1 && progress && progress->stop();
    const std::vector<double*> now = times_of(trace);
    times.resize(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) times[i].push_back(*now[i]);
  }
  trace.interrupted = trace.interrupted || (stopped && passes < parsed.common.repeat);
  trace.repeats = static_cast<int>(passes);
  std::vector<double> spreads;
  const std::vector<double*> places = times_of(trace);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto [median, spread] = median_and_spread(times[i]);
    *places[i] = median;
    spreads.push_back(spread);
  }
  trace.milliseconds = 0;
  for (Item& item : trace.items) {
    auto* step = std::get_if<Step>(&item);
    if (!step) continue;
    const auto place = std::find(places.begin(), places.end(), &step->milliseconds);
    step->spread = spreads[static_cast<std::size_t>(place - places.begin())];
    trace.milliseconds += step->milliseconds;
    if (step->about.empty()) step->about = glossary(step->path, step->formula);
  }
  return trace;
}

}  // namespace attn::app
