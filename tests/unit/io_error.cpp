#include <doctest/doctest.h>

#include "attn/core/error.h"

using attn::escaped;
using attn::nearest;

TEST_CASE("escaped: harmless text stays as it is, in any script") {
  CHECK(escaped("the animal") == "the animal");
  CHECK(escaped("注意力 é 🙂") == "注意力 é 🙂");
  CHECK(escaped("") == "");
}

TEST_CASE("escaped: control characters of both kinds become visible") {
  CHECK(escaped(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(escaped("a\nb\tc\x1b[31m\x7f") == "a\\x0Ab\\x09c\\x1B[31m\\x7F");
  CHECK(escaped("\xC2\x85|\xC2\x9B") == "\\u{0085}|\\u{009B}");
}

TEST_CASE("escaped: nothing can turn the direction of the text or end the line") {
  CHECK(escaped("\xE2\x80\xAE"
                "exe") == "\\u{202E}exe");
  CHECK(escaped("\xE2\x80\xAA\xE2\x81\xA6\xE2\x81\xA9") == "\\u{202A}\\u{2066}\\u{2069}");
  CHECK(escaped("\xE2\x80\x8E\xE2\x80\x8F") == "\\u{200E}\\u{200F}");
  CHECK(escaped("\xE2\x80\xA8") == "\\u{2028}");
}

TEST_CASE("escaped: invalid UTF-8 becomes bytes") {
  CHECK(escaped("\xFF\xFE") == "\\xFF\\xFE");
  CHECK(escaped("\xED\xA0\x80") == "\\xED\\xA0\\x80");           // a lone surrogate
  CHECK(escaped("\xC0\xAF") == "\\xC0\\xAF");                    // overlong
  CHECK(escaped("\xE0\x80\xAF") == "\\xE0\\x80\\xAF");           // overlong
  CHECK(escaped("\xF4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(escaped("a\xE2\x82") == "a\\xE2\\x82");                  // cut in the middle
  CHECK(escaped("\xE2z\x82") == "\\xE2z\\x82");
}

TEST_CASE("escaped: cuts after code points, not bytes") {
  CHECK(escaped("abcdef", 6) == "abcdef");
  CHECK(escaped("abcdef", 5) == "abcde...");
  CHECK(escaped("äöüß", 3) == "äöü...");
  CHECK(escaped("\n\n\n", 2) == "\\x0A\\x0A...");
  CHECK(escaped("a", 0) == "...");
  CHECK(escaped(std::string(1 << 20, 'x')) == std::string(40, 'x') + "...");
}

TEST_CASE("nearest: finds a name with a letter too few, too many, wrong or swapped") {
  const std::vector<std::string> names = {"attend", "attention", "heads", "softmax", "bert"};
  CHECK(nearest("atention", names) == "attention");
  CHECK(nearest("softmaxx", names) == "softmax");
  CHECK(nearest("haeds", names) == "heads");
  CHECK(nearest("bart", names) == "bert");
  CHECK(nearest("heads", names) == "heads");
}

TEST_CASE("nearest: is silent when nothing is near") {
  const std::vector<std::string> names = {"attend", "heads"};
  CHECK(nearest("zzzzzz", names) == "");
  CHECK(nearest("", names) == "");
  CHECK(nearest("heads", {}) == "");
  CHECK(nearest(std::string(1 << 20, 'h'), names) == "");
}
