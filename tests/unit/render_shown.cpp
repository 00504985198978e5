// What --show and --quiet leave is the same in every renderer.
#include <doctest/doctest.h>

#include <algorithm>

#include "app/frame/command.h"
#include "app/lesson/page_parts.h"
#include "attn/io/file.h"
#include "attn/io/safetensors.h"
#include "attn/render/heatmap.h"
#include "attn/render/html.h"
#include "attn/render/json.h"
#include "attn/render/plain.h"
#include "attn/render/svg.h"
#include "attn/render/terminal.h"
#include "attn/render/view.h"
#include "io_support.h"
#include "program/process.h"
#include "render_sample.h"

using namespace attn;
using attn::test::Words;
using sample::contains;
using sample::occurrences;

namespace {

/// A text in which some renderer shows a trace, and how it writes the beginning of each kind.
struct Shown {
  std::string name;
  std::string text;
  std::function<std::string(const std::string&path)> step, table;
  bool as_markup = false;
  bool only_steps = false;
};

/// Without spaces and line breaks: where a renderer breaks its lines does not matter here.
std::string squeezed(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

std::vector<Shown> all_renderers(const Trace& trace, RenderOptions options) {
  options.width = 400;  // no heading is broken
  app::LessonRun run;
  run.words = {"x"};
  run.trace = trace;
  run.common.show = options.show;
  run.common.quiet = options.quiet;
  const auto in = [](const char* before, const char* after) {
    return [=](const std::string& path) { return before + path + after; };
  };
  const auto h3 = in("\n<h3>", "</h3>\n");
  return {{"terminal", "\n" + terminal(trace, options), in("\n", "   "), in("\n", "\n")},
          {"plain", "\n" + plain(trace, options), in("\n", ": "), in("\nTable ", ": ")},
          {"html", html(trace, options), in("<h2><code>", "</code><small>"), h3, true},
          {"page of a lesson", app::run_html(run), in("<h3><code>", "</code></h3>"), h3, true},
          {"svg", svg(trace, options), in("\">", "</text>"), {}, true, true}};
}

/// The rule, written a second time: --show chooses steps and tables, --quiet leaves nothing else.
bool expected(const Item& item, const RenderOptions& options) {
  const bool all = options.show.empty();
  if (const auto* step = std::get_if<Step>(&item))
    return all ? step->look != Look::hidden : matches(options.show, step->path);
  if (const auto* table = std::get_if<Table>(&item))
    return !table->only_data && (all || matches(options.show, table->name));
  return !options.quiet;
}

void check_item(const Item& item, const Shown& shown, const std::string& squeezed_text,
                bool is_there) {
  const auto says = [&](const std::string& text) {
    return contains(squeezed_text, squeezed(shown.as_markup ? markup(text) : safe_text(text)));
  };
  if (const auto* step = std::get_if<Step>(&item)) {
    INFO("step ", step->path);
    CHECK(contains(shown.text, shown.step(step->path)) == is_there);
  } else if (shown.only_steps) {
    return;
  } else if (const auto* table = std::get_if<Table>(&item)) {
    INFO("table ", table->name);
    CHECK(contains(shown.text, shown.table(table->name)) == is_there);
  } else if (const auto* check = std::get_if<Check>(&item)) {
    INFO("check ", check->claim);
    CHECK(says(check_text(*check)) == is_there);
  } else if (const auto* remark = std::get_if<Remark>(&item)) {
    INFO("remark ", remark->text);
    CHECK(says(remark->text) == is_there);
  }
}

void check_all(const Trace& trace, const RenderOptions& options) {
  for (const Shown& shown : all_renderers(trace, options)) {
    INFO(shown.name, ", --show '", options.show, "', quiet ", options.quiet);
    const std::string text = squeezed(shown.text);
    for (const Item& item : trace.items) check_item(item, shown, text, expected(item, options));
  }
}

}  // namespace

TEST_CASE("render: the same steps, tables, checks and remarks are in every format") {
  const std::vector<Words> commands = {{"attend", "the animal was tired"},
                                       {"mask", "a b c"},
                                       {"score", "a b c"},
                                       {"softmax"},
                                       {"norm", "a b"},
                                       {"transformer", "a b"},
                                       {"cnn", "a b c"},
                                       {"bert", "attend", "he was"}};
  for (const Words& words : commands) {
    const Trace trace = app::compute(words);
    INFO(words[0]);
    for (const char* show : {"", "weights", "output,k*", "no such step"}) {
      for (const bool quiet : {false, true}) {
        RenderOptions options;
        options.show = show;
        options.quiet = quiet;
        check_all(trace, options);
      }
    }
  }
}

TEST_CASE("render: a check that fails is seen in every format, whatever is shown") {
  const Trace trace = sample::trace(sample::kSentence);
  for (const char* show : {"", "loss", "x"}) {
    RenderOptions options;
    options.show = show;
    for (const Shown& shown : all_renderers(trace, options)) {
      INFO(shown.name, ", --show ", show);
      if (!shown.only_steps) CHECK(contains(shown.text, "FAILS"));
    }
  }
}

TEST_CASE("render: JSON holds everything, whatever is shown to people") {
  const Words words = {"mask", "a b c", "--show", "weights", "--quiet"};
  const Trace trace = app::compute(words);
  const nlohmann::json document = nlohmann::json::parse(json(trace));
  std::size_t steps = 0, checks = 0, tables = 0, remarks = 0;
  for (const Item& item : trace.items) {
    steps += std::holds_alternative<Step>(item);
    checks += std::holds_alternative<Check>(item);
    tables += std::holds_alternative<Table>(item);
    remarks += std::holds_alternative<Remark>(item) || std::holds_alternative<Verbatim>(item);
  }
  CHECK(steps > 1);
  CHECK(document["steps"].size() == steps);
  CHECK(document["checks"].size() == checks);
  CHECK(document["tables"].size() == tables);
  CHECK(document["remarks"].size() == remarks);
}

TEST_CASE("render: a table that is only data, and a hidden step, are for programs") {
  Trace trace = sample::trace(sample::kSentence);
  for (Item& item : trace.items) {
    if (auto* table = std::get_if<Table>(&item)) table->only_data = true;
  }
  trace.find("w_q")->look = Look::hidden;
  check_all(trace, RenderOptions{});
  const std::vector<const Item*> items = shown_items(trace, RenderOptions{});
  CHECK(items.size() == trace.items.size() - 2);
}

TEST_CASE("render: where parameters come from is said as the trace has it") {
  const auto kind = [](const Words& words) {
    const Trace trace = app::compute(words);
    return kind_text(trace, *trace.find("w_q"));
  };
  const io_test::Folder dir;
  const std::string file = dir / "w.safetensors";
  const Trace drawn = app::compute({"attend", "a b"});
  std::vector<NamedArray> arrays;
  for (const char* name : {"embedding", "w_q", "w_k", "w_v"}) {
    NamedArray& named = arrays.emplace_back();
    named.name = name;
    named.values = drawn.find(name)->values();
  }
  write_file(file, safetensors_bytes(arrays, {}));
  CHECK(kind({"attend", "a b"}) == "parameter, random with seed 1");
  CHECK(kind({"attend", "--", "--weights"}) == "parameter, random with seed 1");
  CHECK(kind({"attend", "--seed", "7", "--", "a", "--weights=b"}) ==
        "parameter, random with seed 7");
  CHECK(kind({"attend", "a b", "--weights", file}) == "parameter, from a file");
  CHECK(kind({"attend", "a b", "--weights=" + file}) == "parameter, from a file");
}
