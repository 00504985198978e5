#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "attn/io/file.h"
#include "attn/io/json.h"
#include "io_support.h"

using attn::ErrorKind;
using attn::JsonLimits;
using io_test::array;
using io_test::check_bad;
using io_test::check_error;
using io_test::same;
using nlohmann::json;

namespace {

json parse(const std::string& text, const JsonLimits& limits = {}) {
  return attn::parse_json(text, "x.json", limits);
}
attn::Array numbers(const std::string& text) { return attn::json_array(parse(text), "x.json"); }

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("json: a document comes back as it was written") {
  const std::string text =
      R"({"a":[1,-2,3.5,true,false,null,"x\n\"é"],"b":{"":{},"c":[]},"d":18446744073709551615})";
  CHECK(parse(text) == json::parse(text));
  CHECK(parse(parse(text).dump()) == json::parse(text));
  CHECK(parse("\xEF\xBB\xBF 1 ") == 1);
  CHECK(parse("\"\\ud83d\\ude42\"") == "🙂");
}

TEST_CASE("json: 64 levels are read, 65 and 100 000 are refused") {
  CHECK(parse(repeated("[", 64) + repeated("]", 64)).size() == 1);
  CHECK(parse(repeated("{\"a\":", 63) + "[]" + repeated("}", 63)).size() == 1);
  check_bad("nested deeper than 64 levels", [] { parse(repeated("[", 65) + repeated("]", 65)); });
  check_bad("nested deeper than 64 levels", [] { parse(repeated("[", 100000)); });
  check_bad("nested deeper than 64 levels", [] { parse(repeated("{\"a\":", 100000)); });
  check_bad("at /0/0: nested deeper", [] { parse("[[[]]]", JsonLimits{.depth = 2}); });
}

TEST_CASE("json: a key twice in one object is refused with its place") {
  check_bad("JSON, at /a: this key is there twice", [] { parse(R"({"a":1,"a":1})"); });
  check_bad("at /x/1/a~1b: this key", [] { parse(R"({"x":[0,{"a/b":1,"c":2,"a/b":3}]})"); });
  check_bad("at /x/: this key", [] { parse(R"({"x":{"":1,"":2}})"); });
  CHECK(parse(R"({"a":{"a":1},"b":{"a":1}})").size() == 2);
}

TEST_CASE("json: text behind the document, also behind a NUL, is refused") {
  check_bad("x.json: JSON, byte 3", [] { parse("1 2"); });
  check_bad("JSON, byte", [] { parse("{} {}"); });
  check_bad("JSON, byte 4: a NUL byte", [] { parse(std::string("[1]\0x", 5)); });
  check_bad("a NUL byte", [] { parse(std::string("[1]\0", 4)); });
}

TEST_CASE("json: numbers are finite") {
  check_bad("number overflow", [] { parse("[1e400]"); });
  for (const std::string bad :
       {"NaN", "Infinity", "-Infinity", "nan", "01", "+1", ".5", "1.", "0x1", "-"}) {
    INFO(bad);
    check_bad("JSON, byte", [&] { parse(bad); });
  }
}

TEST_CASE("json: malformed text is an error with its byte") {
  for (const std::string bad : {"",
                                " ",
                                "[",
                                "]",
                                "{",
                                "{\"a\"}",
                                "{\"a\":}",
                                "{a:1}",
                                "{'a':1}",
                                "[1,]",
                                "{\"a\":1,}",
                                "[1 2]",
                                "// x\n1",
                                "\"",
                                "\"\\x\"",
                                "\"\\ud800\"",
                                "\"\n\"",
                                "\"\xFF\"",
                                "\"\xED\xA0\x80\"",
                                "tru",
                                "[1]]"}) {
    INFO(bad);
    check_bad("x.json: JSON, byte", [&] { parse(bad); });
  }
  check_bad("\\xFF", [] { parse("\"\xFF\""); });
}

TEST_CASE("json: size and number of values are limited") {
  check_error(ErrorKind::limit, "JSON of 7 bytes, the limit is 6",
              [] { parse("[1,2,3]", JsonLimits{.bytes = 6}); });
  check_error(ErrorKind::limit, "at /2: more than 3 values",
              [] { parse("[1,2,3]", JsonLimits{.values = 3}); });
  CHECK(parse("[1,2,3]", JsonLimits{.values = 4}).size() == 3);
}

TEST_CASE("json: cut at any byte it is an error") {
  const std::string whole = R"({"a":[1.5e3,"é\u00e9"],"b":{"c":null}})";
  CHECK(parse(whole).size() == 2);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CHECK_THROWS_AS(parse(whole.substr(0, n)), attn::Error);
  }
}

TEST_CASE("json_array: rectangular lists become arrays") {
  CHECK(same(numbers("[[1,2],[3,4],[5,6]]"), array({3, 2}, {1, 2, 3, 4, 5, 6})));
  CHECK(same(numbers("7"), array({}, {7})));
  CHECK(same(numbers("[]"), array({0}, {})));
  CHECK(same(numbers("[[],[]]"), array({2, 0}, {})));
  CHECK(same(numbers("[[[[[[[[1]]]]]]]]"), array({1, 1, 1, 1, 1, 1, 1, 1}, {1})));
  CHECK(same(numbers("[-1, 2.5, 18446744073709551615]"),
             array({3}, {-1, 2.5, 18446744073709551615.0})));
}

TEST_CASE("json_array: the first place that does not fit is named") {
  check_bad("at /1: expected a list of 2 as in its first neighbour, found one of 1",
            [] { numbers("[[1,2],[3]]"); });
  check_bad("at /1: expected a list of 0", [] { numbers("[[],[1]]"); });
  check_bad("at /1: expected a list of 1, found number", [] { numbers("[[1],2]"); });
  check_bad("at /1: expected a number, found array", [] { numbers("[1,[2]]"); });
  check_bad("at /0/1: expected a number, found string", [] { numbers(R"([[1,"2"]])"); });
  check_bad("at /0: expected a number, found null", [] { numbers("[null]"); });
  check_bad("at the top: expected a number, found object", [] { numbers("{}"); });
  check_bad("at the top: lists nested more than 8 deep", [] { numbers("[[[[[[[[[1]]]]]]]]]"); });
  if (sizeof(attn::real) == 4)
    check_bad("at /1: 1e+39 is out of range", [] { numbers("[1,1e39]"); });
}

TEST_CASE("json_array: a long first row promises nothing about memory") {
  // 20 000 rows of 20 000 numbers would be 1.6 GB; only the first row is there.
  const std::string row = "[0" + repeated(",0", 19999) + "]";
  check_bad("at /1: expected a list of 20000",
            [&] { numbers("[" + row + repeated(",0", 19999) + "]"); });
}

TEST_CASE("json: read_json names the file") {
  const io_test::Folder folder;
  attn::write_file(folder / "x.json", "{\"a\": 1}");
  CHECK(attn::read_json(folder / "x.json")["a"] == 1);
  attn::write_file(folder / "x.json", "[");
  check_bad(folder / "x.json", [&] { attn::read_json(folder / "x.json"); });
}
