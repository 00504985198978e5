#include "attn/render/assets.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "attn/core/error.h"
#include "render_sample.h"

using namespace attn;

TEST_CASE("assets: style and scripts are there, and nothing in them ends their element") {
  CHECK(asset_files().size() >= 7);
  for (const EmbeddedFile& file : asset_files()) {
    INFO(file.path);
    const std::string text(asset(file.path));
    CHECK(text.ends_with('\n'));
    CHECK_FALSE(sample::contains(text, "</"));
    CHECK_FALSE(sample::contains(text, "<!--"));
    for (const char* asks : {"http", "url(", "@import", "fetch(", "src="}) {
      CHECK_FALSE(sample::contains(text, asks));
    }
  }
  CHECK_THROWS_AS(asset("none.css"), Error);
}

TEST_CASE("assets: every rule of a style is closed") {
  for (const EmbeddedFile& file : asset_files()) {
    if (!file.path.ends_with(".css")) continue;
    INFO(file.path);
    int depth = 0, deepest = 0;
    for (const char c : file.bytes) {
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      deepest = std::max(deepest, depth);
      REQUIRE(depth >= 0);
    }
    CHECK(depth == 0);
    CHECK(deepest <= 2);
  }
}

TEST_CASE("assets: in one line they have no line breaks and nothing else is gone") {
  const std::string line = asset_in_one_line("heatmap.css");
  CHECK_FALSE(sample::contains(line, "\n"));
  std::string text(asset("heatmap.css"));
  std::erase(text, '\n');
  CHECK(line == text);
}
