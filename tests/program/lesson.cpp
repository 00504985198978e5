// The lesson commands as a process: printed, listed, searched, checked, written as a page.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "attn/text/utf8.h"
#include "program/process.h"

using namespace attn::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kLessons = ATTN_LESSONS_DIR;

Words lesson(const Words& more) { return with(with({"lesson"}, more), {"--from", kLessons}); }

/// Where nothing of the tester's own progress is touched.
Launch at_home(const Folder& home, const Words& arguments) {
  return {.arguments = arguments, .environment = {{"XDG_DATA_HOME", home.path()}}};
}

const std::string kHead = "title: T\nminutes: 5\n\n";
const std::string kRest =
    "\n```ask\nquestion: q\nnumber: weights size\nwrong: 1 | x\nhint: a\nhint: b\nhint: c\nwhy: "
    "d\n```\n```ask\nquestion: r\nshape: weights\nwrong: [1, 1] | x\nhint: a\nhint: b\nhint: "
    "c\nwhy: d\n```\n```run\nsoftmax '1 2 3'\n```\n";
const std::string kEnd = "\n## What to try next\n\nMore.\n";

/// What `lesson check` says of this text.
Result check_of(const std::string& text, int exit_code, const std::string& part) {
  const Folder folder;
  fs::create_directories(folder / "00-x");
  folder.write("00-x/lesson.md", text);
  return expect({"lesson", "check", "--from", folder.path()}, exit_code, part);
}

}  // namespace

TEST_CASE("lesson: without a terminal it is printed from start to end, with its answers") {
  const Result r = expect(lesson({"00"}), 0, "Every kind of block");
  for (const char* part :
       {"Question. \"tired\" looks at four words.", "$ attn attend 'the animal was tired'",
        "Answer: tired (2)", "every row sums to 1", "   scores --> softmax --> weights",
        "the largest 0.67, and there are 3.", "What to try next", "gives 0.714 of its weight",
        "Exercise: `attn exercise start first-weight`"}) {
    INFO(part);
    CHECK(contains(r.out, part));
  }
  CHECK_FALSE(contains(r.out, "$ attn softmax"));  // hidden
  CHECK_FALSE(contains(r.out, "\x1b"));
  CHECK(r.out.find("Question.") < r.out.find("$ attn attend"));
  CHECK(r.err.empty());
}

TEST_CASE("lesson: --plain has no line over 80 columns and no box characters") {
  const Result r = expect(lesson({"00", "--plain"}), 0);
  for (const std::string& line : lines(r.out)) {
    INFO(line);
    CHECK(attn::display_width(line) <= 80);
  }
  CHECK_FALSE(contains(r.out, "\xe2\x96"));  // shades
  CHECK(contains(r.out, "query \"tired\""));
}

TEST_CASE("lesson: number, slug and mistakes in them") {
  expect(lesson({"0"}), 0, "Every kind");
  expect(lesson({"01-next"}), 0, "The one after it");
  expect(lesson({"07"}), 2, "no lesson \"07\"");
  expect(lesson({"00-weihgts"}), 2, "did you mean 00-weights?");
  expect(lesson({"00", "01"}), 2, "one lesson at a time");
  expect({"lesson", "00", "--from", "/missing"}, 4, "--from /missing");
  expect(lesson({"00", "--out", "x.svg"}), 2, "a lesson is written as a page");
}

TEST_CASE("lesson: another language, and English where there is none, which is said") {
  const Result german = expect(lesson({"00", "--lang", "de"}), 0, "Jede Art von Block");
  CHECK_FALSE(contains(german.out, "not written in"));
  expect(lesson({"01", "--lang", "de"}), 0, "lesson 01 is not written in \"de\" yet");
  expect(lesson({"list", "--lang", "de"}), 0, "Jede Art von Block");
}

TEST_CASE("lesson: the list, the search, and what is next") {
  const Folder home;
  const auto run_at = [&](const Words& words, const char* part) {
    return expect(at_home(home, words), 0, part);
  };
  const Result list = run_at(lesson({"list"}), "The one after it");
  CHECK(contains(list.out, "en de"));
  CHECK(contains(run_at(lesson({"search", "SHARES"}), "01").out, "Weights are shares."));
  CHECK(contains(run_at(lesson({"search", "gets the most"}), "screen").out, "gets the most"));
  run_at(lesson({"search", "no such word"}), "No lesson does.");
  expect(lesson({"search"}), 2, "search for what?");
  run_at(lesson({}), "Next: lesson 00");
  CHECK_FALSE(fs::exists(home / "attn"));  // looking writes nothing
}

TEST_CASE("lesson: progress is exported, imported, and taken back") {
  const Folder home, other;
  const std::string file =
      home.write("mine.json",
                 "{\"format\":1,\"lessons\":{\"00-weights\":{\"finished\":true,\"screens\":8},"
                 "\"01-next\":{\"screen\":1,\"screens\":4}}}");
  expect(at_home(other, {"lesson", "import", file}), 0, "2 lessons taken over");
  expect(at_home(other, lesson({})), 0, "1 of 2 lessons done");
  expect(at_home(other, lesson({"list"})), 0, "2/4");
  expect(at_home(other, lesson({"reset", "00"})), 0, "Lesson 00-weights begins anew");
  expect(at_home(other, {"lesson", "export", other / "out.json"}), 0, "1 lesson written");
  CHECK(json::parse(Folder::read(other / "out.json"))["lessons"].size() == 1);
  expect(at_home(other, {"lesson", "import", home / "missing"}), 4, "No such file");
  expect(at_home(other, {"lesson", "import", home.write("bad", "[]")}), 3, "no progress");
  expect(at_home(other, {"lesson", "import"}), 2, "one file is needed");
  expect(at_home(other, {"lesson", "reset"}), 2, "reset which lesson?");
  expect(Launch{.arguments = lesson({"reset", "00"}),
                .environment = {{"HOME", std::nullopt}, {"XDG_DATA_HOME", "relative"}}},
         4, "neither XDG_DATA_HOME nor HOME");
}

TEST_CASE("lesson: progress that cannot be written is said") {
  if (!permissions_can_bind()) return;
  const Folder home;
  fs::create_directories(home / "attn");
  home.write("attn/progress.json", "{\"format\":1,\"lessons\":{}}");
  fs::permissions(home / "attn", fs::perms::owner_read | fs::perms::owner_exec);
  Launch launch = at_home(home, lesson({"reset", "00"}));
  launch.bound_by_permissions = true;
  expect(launch, 4, "progress is not kept");
  Launch full = at_home(home, lesson({"reset", "00"}));
  fs::permissions(home / "attn", fs::perms::owner_all);
  full.file_size = 0;
  expect(full, 4, "progress is not kept");
  CHECK(Folder::read(home / "attn/progress.json") == "{\"format\":1,\"lessons\":{}}");
}

TEST_CASE("lesson check: a good lesson passes, in every language") {
  const Result r = expect({"lesson", "check", "--from", kLessons}, 0, "every lesson here");
  CHECK(contains(r.out, "00-weights"));
  CHECK(contains(r.out, "de"));
  check_of(kHead + "Hello." + kRest + kEnd, 0, "holds");
}

TEST_CASE("lesson check: every mistake is told with its line") {
  const std::pair<std::string, const char*> kBad[] = {
      {kHead + kRest, "the last heading is \"\", not \"## What to try next\""},
      {kHead + kEnd, "0 questions, at least two are needed"},
      {kHead + "There are 42 words." + kRest + kEnd, "lesson.md:4: the number 42 stands in no"},
      {kHead + "A share of 0.5." + kRest + kEnd, "the number 0.5"},
      {kHead + "Try `attn atend x`." + kRest + kEnd, "lesson.md:4: `attn atend x`: no command"},
      {kHead + "{{wieghts max}}" + kRest + kEnd, "{{wieghts max}}: no run stands before this"},
      {kHead + kRest + "```check\nweights == 1\n```\n" + kEnd,
       "weights == 1 does not hold: left 0.09"},
      {kHead + kRest + "```check\nweigths == 1\n```\n" + kEnd, "did you mean weights?"},
      {kHead + kRest + "```run\nsofmax '1'\n```\n" + kEnd, "no command \"sofmax\""},
      {kHead + kRest + "```run\nsoftmax '1 x'\n```\n" + kEnd, "lesson.md:26: the numbers, row 1"},
      {kHead + kRest + "```run\nattend --out /tmp/x.json\n```\n" + kEnd, "writes no files: --out"},
      {kHead + kRest + "```run\nlesson reset 00\n```\n" + kEnd, "does not run \"lesson\""},
      {kHead + kRest + "```exercise\nnothing\n```\n" + kEnd, "no exercise exercises/nothing"},
      {"title: T\nneeds: 07\nminutes: 5\n\n" + kRest + kEnd, "needs lesson 07, which is not there"},
      {kHead + kRest +
           "\n```ask\nquestion: q\nnumber: 1\nwrong: 2 | x\nhint: a\nhint: b\nhint: "
           "c\nwhy: d\n```\n" +
           kEnd,
       "no run follows this question"},
      {kHead +
           std::string("```ask\nquestion: q\nnumber: weights size\nwrong: 1 + 2 | x\nhint: "
                       "a\nhint: b\nhint: c\nwhy: d\n```\n") +
           kRest + kEnd,
       "lesson.md:7: this wrong answer is the right one: 3"},
      {kHead + "a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n\nh\n\ni\n\nj\n\nk\n\nl\n\nm\n\nn\n\no\n\np" +
           kRest + kEnd,
       "this screen has 16 lines of prose, at most 15"},
      {"no lesson", "lesson.md:1: \"no lesson\" is no line of a lesson's beginning"},
  };
  for (const auto& row : kBad) {
    const std::string text = row.first, part = row.second;
    INFO(text);
    check_of(text, 1, "");
    const Result r = check_of(text, 1, "FAILS");
    std::string flat;
    for (const std::string& line : lines(r.out)) flat += (flat.empty() ? "" : " ") + line;
    INFO(r.out);
    CHECK(contains(flat, part));
  }
}

TEST_CASE("lesson check: a translation with other blocks is told") {
  const Folder folder;
  fs::create_directories(folder / "00-x");
  folder.write("00-x/lesson.md", kHead + kRest + kEnd);
  folder.write("00-x/lesson.de.md", kHead + kRest + "```run\nembed\n```\n" + kEnd);
  expect({"lesson", "check", "--from", folder.path()}, 1, "run (line 26) here, nothing");
}

TEST_CASE(
    "lesson: a page holds prose, pictures, claims and folded answers, and nothing else runs") {
  const Folder folder;
  expect(lesson({"00", "--out", folder / "l.html"}), 0);
  const std::string page = Folder::read(folder / "l.html");
  for (const char* part :
       {"<details><summary>Hint 1 of 3</summary>", "<svg", "holds:</b> every row",
        "<code>attn attend", "<li>", "<table class=\"t\">", "Answer</summary>",
        "<h2>What to try next</h2>", "scores --&gt; softmax",
        "<details class=\"result\"><summary>Show the result</summary>"}) {
    INFO(part);
    CHECK(contains(page, part));
  }
  for (const char* part : {"<script", "http:", "https:", "src=", "@import", "url("}) {
    INFO(part);
    CHECK_FALSE(contains(page, part));
  }
}

TEST_CASE("lesson: a page keeps the drawings of a run and folds only what a question asks") {
  const Folder folder;
  fs::create_directories(folder / "00-x");
  folder.write("00-x/lesson.md", kHead + "```run\nrnn 'a b' --show hidden\n```\n" + kRest +
                                     "```check\nweights sum == 1\n```\n" + kEnd);
  expect({"lesson", "00", "--from", folder.path(), "--out", folder / "l.html"}, 0);
  const std::string page = Folder::read(folder / "l.html");
  CHECK(contains(page, "<pre>What waits for what:"));
  const std::size_t folded = page.find("<details class=\"result\">");
  REQUIRE(folded != std::string::npos);
  CHECK(page.find("<code>attn rnn") < folded);
  CHECK(page.find("<details class=\"result\">", folded + 1) == std::string::npos);
  const std::size_t claim = page.find("holds:</b> weights sum", folded);
  REQUIRE(claim != std::string::npos);
  CHECK(page.find("</details>", folded) > claim);
}

TEST_CASE("lesson: hostile text in a lesson is text on the page and on the terminal") {
  const Folder folder;
  fs::create_directories(folder / "00-x");
  const std::string evil = "<img src=x onerror=alert(1)>";
  folder.write("00-x/lesson.md",
               "title: " + evil + "\nminutes: 5\n\n" + evil +
                   " [x](javascript:alert(1)) \x1b[31m `" + evil +
                   "` ![p](http://e/x)\n\n```text\n</pre><script>x</script>\n```\n" +
                   "```ask\nquestion: " + evil + "\nnumber: 1\nwrong: 2 | " + evil +
                   "\nhint: " + evil + "\nhint: b\nhint: c\nwhy: " + evil +
                   "\n```\n```run\nattend '" + evil + " two' --level char --show weights\n```\n");
  expect({"lesson", "00", "--from", folder.path(), "--out", folder / "l.html"}, 0);
  const std::string page = Folder::read(folder / "l.html");
  CHECK(contains(page, "&lt;img src=x onerror=alert(1)&gt;"));
  for (const char* part : {"<img", "<script", "href", "\x1b"}) {
    INFO(part);
    CHECK_FALSE(contains(page, part));
  }
  const Result r = expect({"lesson", "00", "--from", folder.path()}, 0);
  CHECK_FALSE(contains(r.out, "\x1b"));
}

TEST_CASE("lesson: --json is one document with answers and claims") {
  const Result r = expect(lesson({"00", "--json"}), 0);
  const json document = json::parse(r.out);
  CHECK(document["format"] == 1);
  CHECK(document["lesson"] == "00-weights");
  CHECK(document["blocks"].size() == 17);
  CHECK(document["blocks"][6]["answer"] == "tired (2)");
  CHECK(document["blocks"][9]["claims"][0]["holds"] == true);
  CHECK(document["blocks"][8]["command"][0] == "attend");
}

TEST_CASE("lesson: a lesson's text comes within a tenth of a second") {
  const Result r = expect(lesson({"01"}), 0);
  CHECK(r.seconds < 1);  // a loaded machine; 0.02 s alone
}
