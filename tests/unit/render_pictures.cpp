#include <doctest/doctest.h>

#include <chrono>

#include "attn/render/heatmap.h"
#include "attn/render/html.h"
#include "attn/render/svg.h"
#include "attn/text/utf8.h"
#include "render_sample.h"

using namespace attn;
using sample::contains;
using sample::occurrences;

namespace {

/// True if tags are closed in order and no bare < or & stands in text or attributes.
bool well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size();) {
    if (xml[at] == '&') {
      const std::size_t end = xml.find(';', at);
      if (end == std::string::npos || end - at > 6) return false;
    }
    if (xml[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos || occurrences(tag, "\"") % 2 != 0) return false;
    const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
    if (tag[0] == '/') {
      if (open.empty() || "/" + open.back() != name) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty();
}

/// No character that XML forbids or that turns text around.
bool calm(const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7F) return false;
  }
  return valid_utf8(text) && !contains(text, "\u202E") && !contains(text, "\u2028");
}

}  // namespace

TEST_CASE("svg: one well-formed document that asks the network for nothing") {
  for (const auto& tokens : {sample::kSentence, sample::kHostile}) {
    const std::string text = svg(sample::trace(tokens), RenderOptions{});
    CHECK(well_formed(text));
    CHECK(calm(text));
    CHECK(occurrences(text, "http") == 1);  // the name space
    CHECK_FALSE(contains(text, "<script"));
    CHECK_FALSE(contains(text, "<img"));
    CHECK_FALSE(contains(text, "]]>"));
  }
}

TEST_CASE("svg: a cell says where it is and what number it holds") {
  Array a = zeros({1, 2, 2});
  a.data()[1] = 0.25f;
  a.data()[2] = 0.5f;
  Trace trace = sample::one(a, {"head", "query", "key"});
  trace.labels["query"] = trace.labels["key"] = {"the", "cat"};
  const std::string text = svg(trace, RenderOptions{});
  CHECK(contains(text, "<title>query the, key cat: 0.25</title>"));
  CHECK(contains(text, ">head 0</text>"));
  CHECK(contains(text, "smallest 0, largest 0.5"));
  RenderOptions options;
  options.column_convention = true;
  CHECK(contains(svg(trace, options), "<title>key cat, query the: 0.25</title>"));
}

TEST_CASE("svg and html: cells that are not a number are hatched") {
  Array a = zeros({1, 3});
  a.data()[0] = NAN;
  a.data()[1] = 1;
  CHECK(contains(svg(sample::one(a), RenderOptions{}), "fill=\"url(#not-a-number)\""));
  CHECK(contains(html(sample::one(a), RenderOptions{}), "class=\"x\""));
}

TEST_CASE("picture: a large block becomes means of rectangles") {
  Array a = zeros({130, 10});
  for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] = static_cast<real>(i / 10);
  const Trace trace = sample::one(a);
  const Picture p = picture(MatrixView(trace, *trace.steps()[0]), 0);
  CHECK(p.rows == 44);
  CHECK(p.columns == 10);
  CHECK(p.row_step == 3);
  CHECK(p.cells[0] == 1);          // rows 0, 1, 2
  CHECK(p.cells[43 * 10] == 129);  // row 129 alone
  CHECK(p.note() == "each cell is the mean of 3 x 1 numbers");
}

TEST_CASE("svg and html: a 4096x4096 heat map is reduced and says so, quickly") {
  const auto begin = std::chrono::steady_clock::now();
  std::mt19937 bits(1);
  Array a = empty({4096, 4096});
  for (std::size_t i = 0; i < a.size(); ++i)
    a.data()[i] = static_cast<real>(bits() & 0xFFFF) * 1e-9f;
  const Trace trace = sample::one(std::move(a));
  for (const std::string& text : {svg(trace, RenderOptions{}), html(trace, RenderOptions{})}) {
    CHECK(contains(text, "Reduced: each cell is the mean of 64 x 64 numbers."));
    CHECK(text.size() < 2'000'000);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
}

TEST_CASE("svg and html: odd matrices") {
  const auto both = [](Array a) {
    const Trace trace = sample::one(std::move(a));
    const std::string picture = svg(trace, RenderOptions{});
    CHECK(well_formed(picture));
    return picture + html(trace, RenderOptions{});
  };
  CHECK(contains(both(zeros({0, 5})), "no numbers"));
  CHECK(contains(both(full({1, 1}, 2.5f)), "2.5"));
  CHECK(contains(both(full({}, 2.5f)), "2.5"));
  CHECK(contains(both(full({1, 10000}, 0.5f)), "Reduced"));
  CHECK(contains(both(zeros({70, 2, 2})), "Not drawn: blocks "));
  Array wide = zeros({1, 2});
  wide.data()[0] = 1e38f;
  wide.data()[1] = 1e-38f;
  CHECK(contains(both(wide), "1.00e-38"));
}

TEST_CASE("html: tokens stay text, and nothing comes from the network") {
  const std::string text = html(sample::trace(sample::kHostile), RenderOptions{});
  CHECK(occurrences(text, "<script") == 2);  // the numbers of the lines, and the script
  CHECK(occurrences(text, "</script") == 2);
  CHECK_FALSE(contains(text, "<img"));
  CHECK_FALSE(contains(text, "<!--"));
  CHECK_FALSE(contains(text, "http:"));
  CHECK_FALSE(contains(text, "https:"));
  CHECK_FALSE(contains(text, "<link"));
  CHECK_FALSE(contains(text, "@import"));
  CHECK(contains(text, "default-src 'none'"));
  CHECK(contains(text, "&lt;/script&gt;&lt;img src=x onerror=1&gt;"));
  CHECK(calm(text));
}

TEST_CASE("html: every step is a section, linked to what it was computed from") {
  const std::string text = html(sample::trace(sample::kSentence), RenderOptions{});
  CHECK(occurrences(text, "<section") == 7);  // the start and six steps
  CHECK(contains(text,
                 "from <a href=\"#s2\">x</a>, <a href=\"#s3\">w_q</a>, <a href=\"#s4\">mask</a>"));
  CHECK(contains(text, "<th scope=\"row\">animal</th>"));
  CHECK(contains(text, "title=\"query the, key animal: "));
  CHECK(contains(text, "data-title=\"head 1\""));
  CHECK(contains(text, "<b>✗ FAILS:</b>"));
  RenderOptions options;
  options.show = "weights";
  CHECK(occurrences(html(sample::trace(sample::kSentence), options), "<section") == 2);
}

TEST_CASE("markup: what XML forbids becomes visible") {
  CHECK(markup("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(markup("\x1b") == "\\x1B");
  CHECK(markup("\uFFFE\uFFFF") == "\uFFFD\uFFFD");
  CHECK(valid_utf8(markup("\xFF\xED\xA0\x80")));
}

TEST_CASE("html: the start lists every step with its shape, and the command for a shell") {
  Trace trace = sample::trace(sample::kSentence);
  trace.title = "What the page is about";
  trace.seed = 7;
  trace.command = {"attend", "it's $HOME; `rm x`", "--seed", "7", ""};
  const std::string text = html(trace, RenderOptions{});
  const std::string start = text.substr(text.find("<section"), text.find("</section>"));
  CHECK(contains(text, "<h1>What the page is about</h1>"));
  CHECK(contains(start, "animal"));
  for (const Step* step : trace.steps()) CHECK(contains(start, "<code>" + step->path + "</code>"));
  CHECK(contains(start, "seed alone, here 7"));
  std::string line = text.substr(text.find("<pre>") + 5);
  line = line.substr(0, line.find("</pre>"));
  for (const auto& [entity, character] :
       {std::pair{"&#39;", "'"}, std::pair{"&apos;", "'"}, std::pair{"&amp;", "&"}}) {
    for (std::size_t at; (at = line.find(entity)) != std::string::npos;)
      line.replace(at, std::string(entity).size(), character);
  }
  CHECK(line == "attn attend 'it'\\''s $HOME; `rm x`' --seed 7 ''");
}
