#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "attn/render/html.h"
#include "attn/render/html_lines.h"
#include "attn/text/utf8.h"
#include "render_sample.h"

using namespace attn;
using nlohmann::json;
using sample::contains;
using sample::occurrences;

namespace {

std::string lines_of(const Trace& trace, const RenderOptions& options = {}) {
  return html_lines(trace, options, {});
}

json data_of(const std::string& text) {
  const std::string begin = "<script type=\"application/json\">";
  const std::size_t at = text.find(begin);
  REQUIRE(at != std::string::npos);
  const std::size_t from = at + begin.size();
  return json::parse(text.substr(from, text.find("</script>", from) - from));
}

/// A trace whose one step is (heads, rows, columns) with these words.
Trace looking(Array values, std::size_t rows, std::size_t columns) {
  Trace t;
  t.items.emplace_back(
      sample::step("decoder.layer.0.cross.weights", {"head", "query", "memory"}, Tensor(values)));
  for (std::size_t i = 0; i < rows; ++i) t.labels["query"].push_back("q" + std::to_string(i));
  for (std::size_t j = 0; j < columns; ++j) t.labels["memory"].push_back("m" + std::to_string(j));
  return t;
}

}  // namespace

TEST_CASE("lines: every weight of every head is there, and the mean of the heads") {
  std::mt19937 bits(3);
  const Array w = sample::weights(2, 3, bits);
  const std::string text = lines_of(looking(w, 3, 3));
  const json data = data_of(text);
  REQUIRE(data.size() == 1);
  CHECK(data[0]["path"] == "decoder.layer.0.cross.weights");
  CHECK(data[0]["axes"] == json({"query", "memory"}));
  CHECK(data[0]["rows"] == json({"q0", "q1", "q2"}));
  CHECK(data[0]["columns"] == json({"m0", "m1", "m2"}));
  REQUIRE(data[0]["heads"].size() == 3);
  CHECK(data[0]["heads"][2]["name"] == "head 1");
  for (std::size_t k = 0; k < 9; ++k) {
    const double first = w.data()[k], second = w.data()[9 + k];
    const auto stored = [&](int head) {
      return data[0]["heads"][head]["weights"][k / 3][k % 3].get<double>();
    };
    CHECK(std::abs(stored(0) - (first + second) / 2) < 6e-5);
    CHECK(std::abs(stored(1) - first) < 6e-5);
    CHECK(std::abs(stored(2) - second) < 6e-5);
  }
}

TEST_CASE("lines: without scripts the first step stands there, as thick as the mean weight") {
  Array w = zeros({2, 2, 3});
  const double rows[] = {0.5, 0.25, 0.25, 1, 0, 0, 0.5, 0.75, -1, 1, 0, NAN};
  for (std::size_t k = 0; k < 12; ++k) w.data()[k] = static_cast<real>(rows[k]);
  const std::string text = lines_of(looking(w, 2, 3));
  CHECK(contains(text, "<bdi>q1</bdi>"));
  CHECK(contains(text, "<bdi>m2</bdi>"));
  CHECK(contains(text, "viewBox=\"0 0 1 3\""));
  CHECK(contains(text, "y1=\"0.5\" x2=\"1\" y2=\"0.5\" stroke-width=\"5.000\""));
  CHECK(contains(text, "y1=\"0.5\" x2=\"1\" y2=\"1.5\" stroke-width=\"5.000\""));
  CHECK(contains(text, "y1=\"1.5\" x2=\"1\" y2=\"0.5\" stroke-width=\"10.000\""));
  CHECK(occurrences(text, "<line ") == 3);  // none for 0, below 0, or what is not a number
  CHECK(contains(text, "Drawn: decoder layer 0 cross, the mean of its 2 heads."));
  CHECK(data_of(text)[0]["heads"][2]["weights"][1][2] == "nan");
}

TEST_CASE("lines: hidden steps can be chosen, --show chooses, and other steps are no attention") {
  Trace trace = sample::trace(sample::kSentence);
  std::mt19937 bits(3);
  trace.items.emplace_back(sample::step("layer.1.self.weights", {"head", "query", "key"},
                                        Tensor(sample::weights(1, 11, bits))));
  std::get<Step>(trace.items.back()).look = Look::hidden;
  trace.items.emplace_back(
      sample::step("d_weights", {"query", "key"}, Tensor(zeros({11, 11}))));  // a gradient
  trace.items.emplace_back(
      sample::step("halting.weights", {"query", "step"}, Tensor(zeros({11, 2}))));
  const std::string text = lines_of(trace);
  CHECK(data_of(text).size() == 2);
  CHECK(contains(text, "<option value=\"1\">layer 1 self</option>"));
  CHECK(data_of(text)[1]["heads"].size() == 1);  // one head is its own mean
  RenderOptions options;
  options.show = "layer.*";
  CHECK(data_of(lines_of(trace, options)).size() == 1);
  CHECK_FALSE(contains(lines_of(trace, options), "<select"));
  options.show = "x";
  CHECK(lines_of(trace, options).empty());
  CHECK(lines_of(sample::one(zeros({2, 2}), {"query", "key"})).empty());
}

TEST_CASE("lines: a page begins with where a decoder looks at its source, in its last block") {
  Trace trace = sample::trace(sample::kSentence);
  trace.labels["memory"] = {"m0", "m1"};
  std::mt19937 bits(3);
  const auto add = [&](const char* path, const char* key, std::size_t columns) {
    trace.items.emplace_back(
        sample::step(path, {"head", "query", key}, Tensor(sample::weights(1, 11, bits))));
    if (columns == 2) std::get<Step>(trace.items.back()).data = Tensor(full({1, 11, 2}, real(0.5)));
  };
  add("decoder.layer.0.cross.weights", "memory", 2);
  add("decoder.layer.1.cross.weights", "memory", 2);
  add("decoder.layer.2.self.weights", "key", 11);
  const std::string text = lines_of(trace);
  CHECK(contains(text, "selected>decoder layer 1 cross</option>"));
  CHECK(occurrences(text, "selected") == 1);
  CHECK(contains(text, "Drawn: decoder layer 1 cross"));
  CHECK(contains(text, "<bdi>m1</bdi></li></ol>"));
}

TEST_CASE("lines: the page links to the table, and says the same in both conventions") {
  const Trace trace = sample::trace(sample::kSentence);
  const std::string page = html(trace, RenderOptions{});
  const json data = data_of(page);
  CHECK(contains(page, "<section id=\"s" + std::to_string(data[0]["section"].get<int>()) +
                           "\" tabindex=\"-1\">\n<h2><code>weights</code>"));
  RenderOptions options;
  options.column_convention = true;
  CHECK(data_of(html(trace, options)) == data);
  options.quiet = true;
  CHECK_FALSE(contains(html(trace, options), "The words on the left look"));
  CHECK_FALSE(contains(html(sample::one(zeros({2, 2})), RenderOptions{}), "class=\"who\""));
}

TEST_CASE("lines: too much is left out with a sentence") {
  const std::string many = lines_of(looking(zeros({1, 65, 2}), 65, 2));
  CHECK(contains(many, "Not drawn: a matrix with more than 64 words on a side."));
  CHECK_FALSE(contains(many, "<script"));
  CHECK(contains(lines_of(looking(zeros({1, 64, 2}), 64, 2)), "<script"));
  const std::string heads = lines_of(looking(full({40, 2, 2}, 0.5f), 2, 2));
  CHECK(data_of(heads)[0]["heads"].size() == 17);
  CHECK(contains(heads, "Not to be chosen: heads 11..34 of 40. They are part of the mean."));
  Trace layers = looking(zeros({16, 64, 64}), 64, 64);
  for (int k = 0; k < 4; ++k) layers.items.push_back(layers.items.front());
  CHECK(contains(lines_of(layers), "Not drawn: 3 more matrices."));
  CHECK(lines_of(layers).size() < 2'000'000);
}

TEST_CASE("lines: hostile words stay words") {
  const std::string text = lines_of(sample::trace(sample::kHostile));
  const json data = data_of(text);
  CHECK(data[0]["rows"][0] == "</script><img src=x onerror=1>");
  CHECK(data[0]["rows"][1] == "]]>");
  for (const char* part : {"<img", "<!--", "]]>", "\u202E", "\u2028", "\x1b"})
    CHECK_FALSE(contains(text, part));
  CHECK(occurrences(text, "</script") == 1);
  CHECK(valid_utf8(text));
}
