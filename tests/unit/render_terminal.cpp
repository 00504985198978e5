#include <doctest/doctest.h>

#include "attn/render/plain.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"
#include "render_sample.h"

using namespace attn;
using sample::contains;

namespace {

/// No line wider than the window, in display columns.
void check_width(const std::string& text, std::size_t width) {
  std::string widest;
  for (const std::string& line : sample::lines(sample::without_codes(text))) {
    if (display_width(line) > display_width(widest)) widest = line;
  }
  CAPTURE(widest);
  CHECK(display_width(widest) <= width);
}

Array with(const Shape& shape, std::vector<real> values) {
  Array a = empty(shape);
  std::copy(values.begin(), values.end(), a.data());
  return a;
}

}  // namespace

TEST_CASE("terminal: no line is wider than the window, whatever the tokens") {
  std::vector<std::string> long_text;
  for (int i = 0; i < 60; ++i) long_text.push_back("token" + std::to_string(i));
  for (const auto& tokens : {sample::kSentence, sample::kHostile, long_text}) {
    for (const std::size_t width : {20, 33, 40, 80, 81, 200}) {
      for (int bits = 0; bits < 16; ++bits) {
        RenderOptions options;
        options.width = width;
        options.color = bits & 1;
        options.truecolor = bits & 2;
        options.unicode = bits & 4;
        options.column_convention = bits & 8;
        options.show = bits % 5 == 4 ? "*" : "";
        CAPTURE(width);
        CAPTURE(bits);
        check_width(terminal(sample::trace(tokens), options), width);
      }
    }
  }
}

TEST_CASE("terminal: random shapes keep to the window and to their columns") {
  std::mt19937 bits(3);
  for (int round = 0; round < 200; ++round) {
    Shape shape;
    for (std::size_t axis = bits() % 5; axis > 0; --axis) shape.push_back(bits() % 14);
    Trace trace =
        sample::one(sample::random_array(shape, bits, std::pow(10.0, int(bits() % 12) - 6)),
                    {"a", "b", "c", "d"});
    RenderOptions options;
    options.width = 20 + bits() % 150;
    options.precision = static_cast<int>(bits() % 8) - 1;
    CAPTURE(to_string(shape));
    check_width(terminal(trace, options), options.width);
    check_width(plain(trace, options), 80);
  }
}

TEST_CASE("terminal: numbers of a matrix stand under each other beside any label") {
  std::mt19937 bits(5);
  const std::vector<std::string> tokens{"the", "\u52A8\u7269", "e\u0301t\u00E9",
                                        "\U0001F468\u200D\U0001F469\u200D\U0001F467",
                                        "\u0645\u0631\u062D\u0628\u0627"};
  Trace trace = sample::one(sample::random_array({5, 5}, bits), {"token", "feature"});
  trace.labels["token"] = tokens;
  RenderOptions options;
  options.quiet = true;
  const std::vector<std::string> lines = sample::lines(terminal(trace, options));
  REQUIRE(lines.size() == 8);
  for (std::size_t i = 2; i < lines.size(); ++i) {
    CHECK(display_width(lines[i]) == display_width(lines[2]));
  }
}

TEST_CASE("terminal: a step has its name, formula, axes and kind") {
  RenderOptions options;
  options.width = 100;
  const std::string text = terminal(sample::trace({"the", "cat"}), options);
  CHECK(contains(text, "weights   weights = f(x)"));
  CHECK(contains(text, "head 2 × query 2 × key 2   0.250 ms"));
  CHECK(contains(text, "parameter, random with seed 1"));
  CHECK(contains(text, "   input"));
  CHECK(contains(text, "head 0  key →"));
  CHECK(contains(text, "✓ holds  every row sums to 1 (difference 1.2e-7, allowed 1e-5)"));
  CHECK(contains(text, "✗ FAILS  "));
  CHECK(contains(text, "  q --> A\n  k --^\n"));
  CHECK(contains(text, "(--timing: each step)."));
  CHECK_FALSE(contains(text, "GFLOP/s"));
  options.timing = true;
  const std::string timed = terminal(sample::trace({"the", "cat"}), options);
  CHECK(contains(timed, "GFLOP/s"));
  CHECK(contains(timed, "total"));
  CHECK_FALSE(contains(timed, "median"));
  options.timing = false;
  Trace repeated = sample::trace({"the", "cat"});
  repeated.repeats = 5;
  CHECK(contains(terminal(repeated, options), "median of 5 runs; ± is half"));
}

TEST_CASE("summary: it fits into any window, has the result, and hides no check that fails") {
  std::mt19937 bits(7);
  for (const Shape& shape : {Shape{40, 9}, Shape{3, 40, 40}, Shape{7}, Shape{}}) {
    Trace trace = sample::one(sample::random_array(shape, bits), {});
    trace.check("this is wrong", 1, 0);
    trace.check("this is right", 0, 0);
    for (std::size_t lines = 14; lines < 60; lines += 9) {
      CAPTURE(to_string(shape));
      const std::string text = terminal_summary(trace, RenderOptions{}, lines);
      CHECK(sample::lines(text).size() <= lines);
      CHECK(contains(text, trace.steps().back()->path));
      CHECK(contains(text, "FAILS  this is wrong"));
      CHECK(contains(text, "1 check holds."));
      CHECK_FALSE(contains(text, "this is right"));
    }
  }
  CHECK(terminal_summary(Trace(), RenderOptions{}, 20).empty());
}

TEST_CASE("terminal: a table without a name begins with its columns") {
  Trace trace;
  trace.add(Table{"", "", {"n", "reached"}, {{1.0, 2.0}}});
  const std::string text = terminal(trace, RenderOptions{});
  CHECK(contains(text, "  n  reached\n"));
  CHECK_FALSE(contains(text, "\n\n"));
}

TEST_CASE("summary: long words about the task give way to the result") {
  Trace trace;
  trace.title = "A training";
  for (int i = 0; i < 9; ++i) trace.say("What is learnt, and how, in some sentences.");
  trace.add(Table{"result", "", {"n", "reached"}, {}});
  for (int i = 0; i < 6; ++i)
    std::get<Table>(trace.items.back()).rows.push_back({double(i), 0.5 + i});
  trace.add(Table{"effort", "", {"seconds"}, {{3.0}}});
  trace.result = "result";
  trace.in_words = "It has learnt.";
  const std::string text = terminal_summary(trace, RenderOptions{}, 16);
  CHECK(sample::lines(text).size() <= 16);
  for (const char* part : {"A training", "5.5", "It has learnt.", "Also: effort."})
    CHECK(contains(text, part));
  CHECK_FALSE(contains(text, "more row"));
}

TEST_CASE("terminal: weights show where the mass is, with and without colour") {
  Trace trace = sample::one(with({2, 2}, {1, 0, 0.25f, 0.75f}), {"query", "key"});
  RenderOptions options;
  CHECK(contains(terminal(trace, options), "1.000█"));
  options.unicode = false;
  CHECK(contains(terminal(trace, options), "1.000#"));
  options.color = true;
  options.truecolor = true;
  CHECK(contains(terminal(trace, options), "\x1b[48;2;"));
  options.truecolor = false;
  CHECK(contains(terminal(trace, options), "\x1b[48;5;"));
}

TEST_CASE("terminal: without colour there are no escape codes, without Unicode only ASCII") {
  RenderOptions options;
  CHECK_FALSE(contains(terminal(sample::trace(sample::kHostile), options), "\x1b"));
  options.unicode = false;
  options.column_convention = true;
  for (const char c : terminal(sample::trace(sample::kSentence), options)) {
    REQUIRE(static_cast<unsigned char>(c) < 0x80);
  }
}

TEST_CASE("terminal: what is left out is said, and --show shows it") {
  std::mt19937 bits(1);
  Trace trace = sample::one(sample::random_array({100, 64}, bits));
  RenderOptions options;
  std::string text = terminal(trace, options);
  CHECK(contains(text, "rows 16..91 of 100 and columns "));
  CHECK(contains(text, " of 64 not shown; --show scores"));
  CHECK(contains(text, "⋮"));
  options.show = "scores";
  text = terminal(trace, options);
  CHECK_FALSE(contains(text, "not shown"));
  CHECK(sample::lines(text).size() > 600);
}

TEST_CASE("terminal: an attention map too wide for its numbers is drawn in small") {
  std::mt19937 bits(1);
  std::vector<std::string> tokens(40, "word");
  const std::string text = terminal(sample::trace(tokens), RenderOptions{});
  CHECK(contains(text, "All of it, one shade for each number:"));
}

TEST_CASE("terminal: column convention exchanges the last two axes and says so once") {
  Trace trace = sample::one(with({2, 3}, {1, 2, 3, 4, 5, 6}), {"token", "feature"});
  trace.items.push_back(trace.items[0]);
  RenderOptions options;
  options.column_convention = true;
  options.unicode = false;
  const std::string text = terminal(trace, options);
  CHECK(contains(text, "feature 3 x token 2"));
  CHECK(contains(text, "  0       1. 4*\n"));
  CHECK(sample::occurrences(text, "Column convention") == 1);
}

TEST_CASE("terminal: quiet shows names and matrices only") {
  RenderOptions options;
  options.quiet = true;
  const std::string text = terminal(sample::trace(sample::kSentence), options);
  CHECK_FALSE(contains(text, "What this is"));
  CHECK_FALSE(contains(text, "holds"));
  CHECK_FALSE(contains(text, "total"));
  CHECK(contains(text, "weights = f(x)"));
}

TEST_CASE("terminal: show chooses steps by their path") {
  RenderOptions options;
  options.show = "weights";
  const std::string text = terminal(sample::trace(sample::kSentence), options);
  CHECK(contains(text, "weights = f(x)"));
  CHECK_FALSE(contains(text, "mask = f(x)"));
}

TEST_CASE("terminal: labels in the place of numbers") {
  Trace trace = sample::one(zeros({2, 2}), {"token", "feature"});
  std::get<Step>(trace.items[0]).cells = {"t0.d0", "t0.d1", "t1.d0", "t1.d1"};
  CHECK(contains(terminal(trace, RenderOptions{}), "t1.d0 t1.d1"));
  CHECK(contains(plain(trace, RenderOptions{}), "t1.d0, t1.d1"));
}

TEST_CASE("terminal and plain: odd matrices") {
  const real inf = INFINITY, nan = NAN;
  const auto both = [](Array a) {
    Trace trace = sample::one(std::move(a));
    RenderOptions options;
    std::string text = plain(trace, options);
    check_width(text, 80);
    for (const bool color : {false, true}) {
      options.color = color;
      text += terminal(trace, options);
      check_width(text, 80);
    }
    return text;
  };
  CHECK(contains(both(zeros({0, 5})), "no numbers"));
  CHECK(contains(both(zeros({5, 0})), "no numbers"));
  CHECK(contains(both(zeros({std::size_t{1} << 40, 0})), "no numbers"));
  CHECK(contains(both(full({1, 1}, 2.5f)), "2.500"));
  CHECK(contains(both(full({}, 2.5f)), "2.5"));
  CHECK(contains(both(full({1, 10000}, 0.5f)), "of 10000"));
  CHECK(contains(both(full({10000}, 0.5f)), "of 10000"));
  CHECK(contains(both(full({4096, 4096}, 0.5f)), "of 4096"));
  CHECK(contains(both(with({1, 4}, {nan, inf, -inf, 0.5f})), "-inf"));
  CHECK(contains(both(with({1, 2}, {1e38f, 1e-38f})), "1.00e-38"));
  CHECK_FALSE(contains(both(full({3, 3}, 0.25f)), "█"));
  CHECK(contains(both(zeros({70, 2, 2, 2})), "blocks"));
}

TEST_CASE("plain: no codes, no boxes, no shades, no line over 80 columns") {
  Trace trace = sample::trace(sample::kHostile);
  const std::string wide(200, 'w');
  trace.items.emplace_back(Verbatim{"┌──┐\n│▓▓│ → " + wide + "\n└──┘"});
  RenderOptions options;
  options.width = 300;
  options.color = true;
  const std::string text = plain(trace, options);
  CHECK_FALSE(contains(text, "\x1b"));
  CHECK_FALSE(contains(text, "─"));
  CHECK_FALSE(contains(text, "│"));
  CHECK_FALSE(contains(text, "▓"));
  CHECK(contains(text, "+--+\n"));
  check_width(text, 80);
}

TEST_CASE("plain: a row is read with its labels") {
  Trace trace = sample::one(with({1, 2, 2}, {0.5f, 0.5f, 0.25f, 0.75f}), {"head", "query", "key"});
  trace.labels["query"] = trace.labels["key"] = {"the", ","};
  std::get<Step>(trace.items[0]).from = {"x"};
  const std::string text = plain(trace, RenderOptions{});
  CHECK(contains(text, "scores: scores = f(x). Shape: head 1, query 2, key 2. Computed from x."));
  CHECK(contains(text, "head 0, query \"the\": the 0.500, \",\" 0.500\n"));
  CHECK(contains(text, "head 0, query \",\": the 0.250, \",\" 0.750\n"));
}

TEST_CASE("terminal: a table that is too wide gets headers on two lines, then comes in parts") {
  Trace trace;
  trace.items.emplace_back(Table{"cost",
                                 "",
                                 {"model", "parameters", "train seconds", "ms per step",
                                  "sequential steps", "largest difference"},
                                 {{std::string("attention"), 12345., 1.5, 0.25, 7., 0.125},
                                  {std::string("rnn"), 67890., 2.5, 0.75, 11., 0.5}}});
  RenderOptions options;
  const auto table_lines = [&](std::size_t width) {
    options.width = width;
    const std::string text = terminal(trace, options);
    check_width(text, width);
    CHECK_FALSE(contains(text, "…"));
    for (const char* part : {"attention", "parameters", "seconds", "sequential", "12345", "0.500"})
      CHECK(contains(text, part));
    return sample::lines(text);
  };
  const auto wide = table_lines(100);  // name, one line of headers, two rows
  REQUIRE(wide.size() == 4);
  CHECK(contains(wide[1], "train seconds"));
  const auto middle = table_lines(70);  // "train" above "seconds"
  REQUIRE(middle.size() == 5);
  CHECK(middle[1].find("train") + 5 == middle[2].find("seconds") + 7);  // both end at the right
  CHECK(contains(middle[2], "parameters"));
  CHECK_FALSE(contains(middle[1], "parameters"));
  const auto narrow = table_lines(40);
  CHECK(std::count_if(narrow.begin(), narrow.end(), [](const std::string& line) {
          return line.starts_with("  attention");
        }) == 2);
}

TEST_CASE("terminal, plain: what must be exact and is says no difference") {
  Trace trace;
  trace.check("counted alike", 0, 0);
  trace.check("counted otherwise", 2, 0);
  trace.check("nearly the same", 1e-7, 1e-5);
  for (const std::string& text : {terminal(trace, {}), plain(trace, {})}) {
    CAPTURE(text);
    CHECK_FALSE(contains(text, "counted alike ("));
    CHECK(contains(text, "counted otherwise (difference 2, allowed 0)"));
    CHECK(contains(text, "nearly the same (difference 1e-7, allowed 1e-5)"));
  }
}

TEST_CASE("terminal, plain: a matrix shown in part says how to see more of it, and all of it") {
  std::mt19937 bits(4);
  const Trace trace = sample::one(sample::random_array({100, 4}, bits), {"row", "d"});
  const std::string name = trace.steps()[0]->path;
  RenderOptions options;
  for (const std::string& text : {terminal(trace, options), plain(trace, options)}) {
    CAPTURE(text);
    CHECK(contains(text, "--show " + name + " shows more"));
    CHECK(contains(text, "--out x.csv"));
  }
}
