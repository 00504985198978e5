#include "attn/text/utf8.h"

#include <doctest/doctest.h>

using namespace attn;

TEST_CASE("utf8: a terminal column is counted, not a byte") {
  CHECK(display_width("") == 0);
  CHECK(display_width("animal") == 6);
  CHECK(display_width("\u00E9t\u00E9") == 3);
  CHECK(display_width("e\u0301te\u0301") == 3);                             // combining marks
  CHECK(display_width("\u52A8\u7269") == 4);                                // Chinese
  CHECK(display_width("\U0001F600") == 2);                                  // emoji
  CHECK(display_width("\U0001F468\u200D\U0001F469\u200D\U0001F467") == 2);  // joined family
  CHECK(display_width("\u2764\uFE0F") == 2);                                // emoji style
  CHECK(display_width("\U0001F44D\U0001F3FD") == 2);                        // skin tone
  CHECK(display_width("\U0001F1E9\U0001F1EA") == 2);                        // a flag is a pair
  CHECK(display_width("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7") == 4);
  CHECK(display_width("\u0645\u0631\u062D\u0628\u0627") == 5);  // Arabic
  CHECK(display_width("a\u200Bb") == 2);                        // zero-width space
  CHECK(display_width("\xFF\xFE") == 2);                        // bad bytes
  CHECK(display_width(std::string_view("a\0b", 3)) == 2);
}

TEST_CASE("utf8: the first bad byte is found") {
  std::size_t at = 99;
  CHECK(valid_utf8("caf\u00E9 \U0001F600", &at));
  CHECK(at == 99);
  CHECK(valid_utf8(std::string_view("\0", 1)));
  CHECK_FALSE(valid_utf8("ab\xFF", &at));
  CHECK(at == 2);
  CHECK_FALSE(valid_utf8("\xC0\xAF", &at));  // overlong
  CHECK(at == 0);
  CHECK_FALSE(valid_utf8("x\xED\xA0\x80", &at));  // lone surrogate
  CHECK(at == 1);
  CHECK_FALSE(valid_utf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(valid_utf8("\xE4\xB8", &at));     // cut
  CHECK(at == 0);
}

TEST_CASE("utf8: every bad byte becomes one replacement character") {
  CHECK(with_valid_utf8("a\xFF\xFE z") == "a\uFFFD\uFFFD z");
  CHECK(valid_utf8(with_valid_utf8("\xE4\xB8\xF0\x9F\x98")));
  CHECK(with_valid_utf8("\u52A8") == "\u52A8");
}

TEST_CASE("utf8: characters are what a reader counts") {
  const std::vector<std::string> found =
      characters("e\u0301\U0001F468\u200D\U0001F469\u200D\U0001F467\U0001F1E9\U0001F1EA\r\nz\xFF");
  REQUIRE(found.size() == 6);
  CHECK(found[0] == "e\u0301");
  CHECK(found[1] == "\U0001F468\u200D\U0001F469\u200D\U0001F467");
  CHECK(found[2] == "\U0001F1E9\U0001F1EA");
  CHECK(found[3] == "\r\n");
  CHECK(found[5] == "\xFF");
}

TEST_CASE("utf8: lower makes small letters beyond ASCII and keeps bad bytes") {
  CHECK(lower("The \u00C9COLE \u0416") == "the \u00E9cole \u0436");
  CHECK(lower("A\xFF\u4E2D") == "a\xFF\u4E2D");
}

TEST_CASE("utf8: fit gives exactly the width that was asked for") {
  for (const char* text :
       {"", "the", "animal", "\u52A8\u7269\u56ED", "e\u0301e\u0301e\u0301e\u0301",
        "\U0001F468\u200D\U0001F469\u200D\U0001F467\U0001F600", "\xFF\xFF\xFF\xFF"}) {
    for (std::size_t width = 0; width < 10; ++width) {
      CAPTURE(text);
      CAPTURE(width);
      CHECK(display_width(fit(text, width)) == width);
      CHECK(display_width(fit(text, width, "~")) == width);
      CHECK(display_width(cut(text, width)) <= width);
    }
  }
  CHECK(fit("animal", 5) == "anim\u2026");
  CHECK(fit("animal", 5, "~") == "anim~");
  CHECK(fit("the", 5) == "the  ");
  CHECK(fit("\u52A8\u7269", 3) == "\u52A8\u2026");
  CHECK(fit("\u52A8\u7269\u56ED", 4) == "\u52A8\u2026 ");
  CHECK(pad_left("\u52A8", 4) == "  \u52A8");
  CHECK(pad_left("animal", 3) == "animal");
}

TEST_CASE("utf8: wrap breaks at spaces, and inside a word only if it must") {
  using Lines = std::vector<std::string>;
  CHECK(wrap("the animal was tired", 10) == Lines{"the animal", "was tired"});
  CHECK(wrap("one\n\ntwo", 10) == Lines{"one", "", "two"});
  CHECK(wrap("", 10) == Lines{""});
  CHECK(wrap("abcdefghij", 4) == Lines{"abcd", "efgh", "ij"});
  CHECK(wrap("  indented text", 11) == Lines{"  indented", "    text"});
  CHECK(wrap("\u52A8\u7269\u56ED\u91CC", 5) == Lines{"\u52A8\u7269", "\u56ED\u91CC"});
  for (const std::string& line : wrap(std::string(1000, 'x') + " \U0001F600\U0001F600 y", 7)) {
    CHECK(display_width(line) <= 7);
  }
}

TEST_CASE("utf8: right-to-left letters are noticed") {
  CHECK(right_to_left("\u0645\u0631"));
  CHECK(right_to_left("abc \u05E9"));
  CHECK_FALSE(right_to_left("abc \u52A8 1"));
  CHECK_FALSE(right_to_left("\xFF"));
  CHECK(display_width(isolated("\u0645\u0631")) == 2);
}
