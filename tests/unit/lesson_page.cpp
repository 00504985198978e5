// A lesson as one page.
#include "app/lesson/page.h"

#include <doctest/doctest.h>

#include "app/lesson/page_parts.h"
#include "attn/io/file.h"
#include "attn/render/html.h"
#include "attn/render/html_parts.h"
#include "render_sample.h"

using namespace attn;
using namespace attn::app;
using sample::contains;
using sample::occurrences;

namespace {

std::string page_of(const std::string& text, const std::string& language = "en") {
  Reading reading(parse_lesson(text, "lesson.md"));
  return lesson_page(reading, "07", language);
}

const std::string kHead = "title: A & B\nminutes: 5\n\nWords.\n\n";

}  // namespace

TEST_CASE("lesson page: its head is that of every page, without scripts") {
  const std::string page = page_of(kHead + "```run\nsoftmax '1 2'\n```\n", "de");
  CHECK(page.starts_with(
      html_head({.language = "de", .title = "Lesson 07: A & B", .style = "lesson.css"})));
  CHECK(contains(page, "<html lang=\"de\">"));
  CHECK(contains(page, "<title>Lesson 07: A &amp; B</title>"));
  CHECK(contains(page, "default-src 'none'; style-src 'unsafe-inline'; img-src data:\""));
  CHECK_FALSE(contains(page, "<script"));
  CHECK(page.ends_with("</main></body></html>\n"));
}

TEST_CASE("lesson page: a step, a table, a remark and a check are those of a command's page") {
  LessonRun run;
  run.trace = sample::trace(sample::kHostile);
  run.words = {"heads"};
  for (Item& item : run.trace.items) {
    if (auto* step = std::get_if<Step>(&item)) {
      step->milliseconds = step->flops = 0;  // a lesson tells no times
      step->from.clear();                    // nor does it have a section for each step
    }
  }
  const std::string lesson = run_html(run), command = html(run.trace, RenderOptions{});
  for (const Item& item : run.trace.items) {
    const auto* step = std::get_if<Step>(&item);
    const std::string part =
        step ? html_step(run.trace, *step, RenderOptions{}, {}) : html_item(item, RenderOptions{});
    INFO(part);
    CHECK(!part.empty());
    CHECK(contains(lesson, part));
    CHECK(contains(command, part));
  }
}

TEST_CASE("lesson page: a run tells no times, which the next reader would not have") {
  LessonRun run;
  run.trace = sample::trace(sample::kSentence);
  run.words = {"heads", "it's"};
  const std::string text = run_html(run);
  CHECK_FALSE(contains(text, "0.250 ms"));
  CHECK_FALSE(contains(text, " operations"));
  CHECK(contains(text, "attn heads &#39;it&#39;\\&#39;&#39;s&#39;"));
  CHECK(contains(html(run.trace, RenderOptions{}), "0.250 ms"));
}

TEST_CASE("lesson page: --show chooses the steps of a run, and its checks stay") {
  const std::string page = page_of(kHead + "```run\nmask --show weights\n```\n");
  CHECK(contains(page, "<h3><code>weights</code></h3>"));
  CHECK_FALSE(contains(page, "<h3><code>scores</code></h3>"));
  CHECK(contains(page, "<p class=\"check\"><b>✓ holds:</b> hiding before the softmax"));
}

TEST_CASE("lesson page: claims, true and false, are written as checks are") {
  const std::string page = page_of(kHead +
                                   "```run\nsoftmax '1 2'\n```\n\n```check\nweights sum == 1\n"
                                   "weights sum == 2\nnothing sum == 1\n```\n");
  CHECK(contains(page, html_check(true, "weights sum == 1")));
  CHECK(contains(page, "<p class=\"check no\"><b>✗ FAILS:</b> weights sum == 2 ("));
  CHECK(contains(page, "<p class=\"check no\"><b>✗ FAILS:</b> nothing sum == 1 ("));
}

TEST_CASE("lesson page: a hidden run is computed and not shown") {
  const std::string page =
      page_of(kHead + "```run small hidden\nsoftmax '1 2'\n```\n\nIt is {{small::weights sum}}.\n");
  CHECK_FALSE(contains(page, "class=\"run\""));
  CHECK(contains(page, "<p>It is 1.000.</p>"));
}

TEST_CASE("lesson page: every kind of block of the fixture is on it, in order") {
  const std::string path = ATTN_LESSONS_DIR "/00-weights/lesson.md";
  const std::string page = page_of(read_file(path));
  std::size_t at = 0;
  for (const std::string part :
       {"<em>every</em>", "<ul><li>a list", "<ol><li>and a numbered one", "<table class=\"t\">",
        "<hr>", "<pre>   scores --&gt; softmax", "<section class=\"ask\">", "Hint 1 of 3",
        "<details><summary>Answer</summary>", "<details class=\"result\">",
        "<section class=\"run\">", "every row sums to 1"}) {
    INFO(part);
    const std::size_t found = page.find(part, at);
    REQUIRE(found != std::string::npos);
    at = found;
  }
  CHECK(occurrences(page, "<details") == occurrences(page, "</details>"));
  CHECK(occurrences(page, "<section") == occurrences(page, "</section>"));
}

TEST_CASE("markdown on a page: a numbered list behind another one is a list of its own") {
  const std::string text = markdown_html("- a\n- b\n\n1. one\n2. two\n");
  CHECK(contains(text, "<ul><li>a</li>\n<li>b</li></ul>\n<ol><li>one</li>\n<li>two</li></ol>"));
}

TEST_CASE("markdown on a page: lists in lists are closed where they end") {
  const std::string text = markdown_html("- a\n  - b\n- c\n\nEnd <b>.\n");
  CHECK(occurrences(text, "<ul>") == 2);
  CHECK(occurrences(text, "</ul>") == 2);
  CHECK(occurrences(text, "<li>") == occurrences(text, "</li>"));
  CHECK(text.find("</ul>") < text.find("End"));
  CHECK(contains(text, "&lt;b&gt;"));
}
