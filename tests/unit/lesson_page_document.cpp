// A lesson as one page and as one document.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "app/lesson/page.h"
#include "attn/io/file.h"
#include "io_support.h"
#include "program/process.h"

using namespace attn;
using namespace attn::app;
using attn::test::contains;
using nlohmann::json;

namespace {

/// One of each kind of block, one claim that fails, and a mark that HTML would read.
const std::string kAll =
    "title: A < B\nneeds: 03, 04\nminutes: 7\n\n"
    "Prose & **more**: {{weights sum}}.\n\n"
    "```text\na <b> c\n```\n\n---\n\n"
    "```run first hidden\nsoftmax '1 2 3'\n```\n\n"
    "```ask\nquestion: How many?\nnumber: weights size\nwrong: 1 | x\nhint: one\nhint: two\n"
    "hint: three\nwhy: Because.\n```\n\n"
    "```run\nsoftmax '1 2' --show weights\n```\n\n"
    "```check\nweights size == 2\nweights sum == 3 # they sum to 3\n```\n\n"
    "```exercise\nstable-softmax\n```\n";

std::string page_of(const std::string& text, const std::string& language = "en") {
  Reading reading(parse_lesson(text, "l.md"));
  return lesson_page(reading, "05", language);
}
json document_of(const std::string& text) {
  Reading reading(parse_lesson(text, "l.md"));
  return json::parse(lesson_document(reading, "05-x", "en"));
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

/// The first tag that is not closed in its turn, or "".
std::string first_unbalanced(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    if (end == std::string::npos) return "<";
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.starts_with('!') || tag.ends_with('/')) continue;
    if (name == "meta" || name == "hr" || name == "br") continue;
    if (!tag.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || "/" + open.back() != tag) {
      return tag;
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back();
}

}  // namespace

TEST_CASE("page: its beginning tells the lesson, and what is HTML in a text stays text") {
  const std::string page = page_of(kAll, "de\"");
  CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"de&quot;\">"));
  CHECK(contains(page, "<title>Lesson 05: A &lt; B</title>"));
  CHECK(contains(page, "<h1>Lesson 05: A &lt; B</h1>"));
  CHECK(contains(page, "7 minutes; needs lesson 03, 04</p>"));
  CHECK(contains(page_of("title: T\nminutes: 5\n\nx\n"), "5 minutes</p>"));
  CHECK(contains(page, "<pre>a &lt;b&gt; c\n</pre>"));
  CHECK(contains(page, "default-src 'none'"));
}

TEST_CASE("page: every block has its place, a hidden run has none") {
  const std::string page = page_of(kAll);
  CHECK(contains(page, "Prose &amp; <strong>more</strong>: ?."));  // its run comes later
  CHECK(count(page, "<hr>") == 1);
  CHECK(count(page, "<code>attn softmax") == 1);
  CHECK(contains(page, "Exercise: <code>attn exercise start stable-softmax</code>"));
  CHECK(count(page, "<section class=\"ask\">") == 1);
  CHECK(contains(page, "<summary>Hint 3 of 3</summary>"));
  CHECK(contains(page, "<b>2</b>"));  // the answer, of the run behind the question
}

TEST_CASE("page: a claim says whether it holds, and what was found where it does not") {
  const std::string page = page_of(kAll);
  CHECK(contains(page, "<p class=\"check\"><b>✓ holds:</b> weights size == 2</p>"));
  CHECK(contains(page, "<p class=\"check no\"><b>✗ FAILS:</b> they sum to 3 ("));
}

TEST_CASE("page: what is opened is closed, in every lesson of the tests") {
  CHECK(first_unbalanced("<p><b>x</b></p><hr>") == "");
  CHECK(first_unbalanced("<p><b>x</p></b>") == "/p");
  CHECK(first_unbalanced("<details><p></p>") == "details");
  for (const std::string& text : {kAll, read_file(ATTN_LESSONS_DIR "/00-weights/lesson.md"),
                                  read_file(ATTN_LESSONS_DIR "/01-next/lesson.md")})
    CHECK(first_unbalanced(page_of(text)) == "");
}

TEST_CASE("document: every block with its kind, in order, and what was computed") {
  const json document = document_of(kAll);
  CHECK(document["format"] == 1);
  CHECK(document["lesson"] == "05-x");
  CHECK(document["language"] == "en");
  CHECK(document["title"] == "A < B");
  CHECK(document["minutes"] == 7);
  CHECK(document["needs"] == json{"03", "04"});
  std::string kinds;
  for (const json& block : document["blocks"]) kinds += block["kind"].get<std::string>() + ",";
  CHECK(kinds == "prose,text,end of screen,run,ask,run,check,exercise,");
  const json& blocks = document["blocks"];
  CHECK(blocks[1]["text"] == "a <b> c\n");
  CHECK(blocks[3]["name"] == "first");
  CHECK(blocks[3]["hidden"] == true);
  CHECK(blocks[4]["question"] == "How many?");
  CHECK(blocks[4]["choices"].empty());
  CHECK(blocks[4]["hints"] == json{"one", "two", "three"});
  CHECK(blocks[4]["answer"] == "2");
  CHECK(blocks[5]["command"] == json{"softmax", "1 2", "--show", "weights"});
  CHECK(blocks[6]["claims"][0]["holds"] == true);
  CHECK(blocks[6]["claims"][1]["holds"] == false);
  CHECK(blocks[6]["claims"][1]["shown"] == "they sum to 3");
  CHECK(contains(blocks[6]["claims"][1]["found"].get<std::string>(), "1"));
  CHECK(blocks[7]["name"] == "stable-softmax");
}

TEST_CASE("document: a lesson of nothing but words is a document, too") {
  const json document = document_of("title: T\nminutes: 5\n\nWords.\n");
  REQUIRE(document["blocks"].size() == 1);
  CHECK(document["needs"].empty());
}
