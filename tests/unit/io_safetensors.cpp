#include <doctest/doctest.h>

#include <cmath>

#include "attn/io/file.h"
#include "attn/io/safetensors.h"
#include "io_support.h"

using attn::ErrorKind;
using attn::safetensors_bytes;
using attn::SafetensorsFile;
using attn::Shape;
using io_test::array;
using io_test::check_bad;
using io_test::check_error;
using io_test::random_array;
using io_test::same;

namespace {

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(length >> 8 * i & 0xFF);
  return out + rest;
}

/// A file of any header and data, right or wrong.
std::string file(const std::string& header, const std::string& data = "") {
  return with_length(header.size(), header + data);
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

SafetensorsFile parse(const std::string& bytes) { return attn::parse_safetensors(bytes, "x.st"); }

/// The one number of a file with a tensor of shape ().
double one(const std::string& dtype, const std::string& data) {
  const std::string header =
      "{\"a\":" + entry(dtype, "[]", "[0," + std::to_string(data.size()) + "]") + "}";
  return parse(file(header, data)).tensors.at(0).values.data()[0];
}

void check_header(const std::string& part, const std::string& header, std::size_t data = 4) {
  check_bad(part, [&] { parse(file(header, std::string(data, '\0'))); });
}

}  // namespace

TEST_CASE("safetensors: random tensors and metadata come back, sorted by name") {
  const attn::Array a = random_array({3, 4}, 1), b = random_array({2, 1, 5}, 2),
                    c = random_array({}, 3), d = random_array({0, 7}, 4);
  const std::map<std::string, std::string> metadata = {{"format", "attn"}, {"é\"\n", ""}};
  const std::string bytes =
      safetensors_bytes({{"b.x", b}, {"a", a}, {"d", d}, {"c é", c}}, metadata);
  const SafetensorsFile read = parse(bytes);
  CHECK(read.metadata == metadata);
  REQUIRE(read.tensors.size() == 4);
  CHECK(read.tensors[0].name == "a");
  CHECK(same(read.tensors[0].values, a));
  CHECK(same(read.tensors[1].values, b));
  CHECK(same(read.tensors[2].values, c));
  CHECK(same(read.tensors[3].values, d));
  CHECK(safetensors_bytes(read.tensors, read.metadata) == bytes);
}

TEST_CASE("safetensors: the header is padded so that the data is aligned") {
  for (int n = 1; n < 20; ++n) {
    const std::string bytes =
        safetensors_bytes({{std::string(static_cast<std::size_t>(n), 'a'), array({1}, {1})}});
    CHECK(bytes.size() % 8 == 4);
    CHECK(bytes[8] == '{');
  }
  CHECK(parse(safetensors_bytes({})).tensors.empty());
}

TEST_CASE("safetensors: every type is read") {
  CHECK(one("F64", std::string("\0\0\0\0\0\0\xF8\x3F", 8)) == 1.5);
  CHECK(one("F32", std::string("\0\0\xC0\x3F", 4)) == 1.5);
  CHECK(one("F16", std::string("\0\x3E", 2)) == 1.5);
  CHECK(one("BF16", std::string("\xC0\x3F", 2)) == 1.5);
  CHECK(one("I64", "\xFE" + std::string(7, '\xFF')) == -2);
  CHECK(one("I32", "\xFE\xFF\xFF\xFF") == -2);
  CHECK(one("I16", "\xFE\xFF") == -2);
  CHECK(one("I8", "\xFE") == -2);
  CHECK(one("U64", std::string(7, '\0') + "\x80") == std::ldexp(1.0, 63));
  CHECK(one("U32", std::string("\0\0\0\x80", 4)) == std::ldexp(1.0, 31));
  CHECK(one("U16", std::string("\0\x80", 2)) == 32768);
  CHECK(one("U8", "\xFE") == 254);
  CHECK(one("BOOL", "\x01") == 1);
  check_header("dtype: expected one of F64 F32",
               "{\"a\":" + entry("F8_E4M3", "[4]", "[0,4]") + "}");
  check_header("found 'F8_E4M3'", "{\"a\":" + entry("F8_E4M3", "[4]", "[0,4]") + "}");
}

TEST_CASE("safetensors: entries come in the order of their bytes and keep their own offsets") {
  const std::string header =
      "{\"a\":" + entry("U8", "[2]", "[1,3]") + ",\"b\":" + entry("U8", "[1]", "[0,1]") + "}";
  const std::string bytes = file(header, "\x07\x08\x09");
  const attn::SafetensorsHeader read = attn::parse_safetensors_header(bytes, "x");
  REQUIRE(read.entries.size() == 2);
  CHECK(read.entries[0].name == "b");
  CHECK(read.entries[1].begin == 8 + header.size() + 1);
  CHECK(read.entries[1].end == bytes.size());
  CHECK(same(parse(bytes).tensors[1].values, array({2}, {8, 9})));
}

TEST_CASE("safetensors: NaN and infinity are counted") {
  const SafetensorsFile read =
      parse(safetensors_bytes({{"a", array({3}, {std::nan(""), 1, HUGE_VAL})},
                               {"b", array({2}, {-HUGE_VAL, std::nan("")})}}));
  CHECK(read.nan_count == 2);
  CHECK(read.infinity_count == 2);
}

TEST_CASE("safetensors: the header's length is limited and within the file") {
  check_bad("x.st: safetensors, byte 0: the file ends before", [] { parse(""); });
  check_bad("a header of 100000001 bytes, expected at most 100000000",
            [] { parse(with_length(100000001, "{}")); });
  check_bad("a header of 18446744073709551615 bytes",
            [] { parse(with_length(~std::uint64_t{0}, "{}")); });
  check_bad("a header of 3 bytes, but only 2 follow", [] { parse(with_length(3, "{}")); });
  check_bad("byte 8: expected '{', found ' '", [] { parse(file(" {}")); });
  check_bad("byte 8: expected '{', found '['", [] { parse(file("[]")); });
  check_bad("byte 8: expected '{', found ''", [] { parse(with_length(0, "")); });
  CHECK(parse(file("{}   ")).tensors.empty());
}

TEST_CASE("safetensors: the header is strict JSON") {
  check_bad("x.st: safetensors header: JSON, byte", [] { parse(file("{\"a\":")); });
  check_bad("at /a: this key is there twice", [] {
    parse(file(
        "{\"a\":" + entry("U8", "[1]", "[0,1]") + ",\"a\":" + entry("U8", "[1]", "[0,1]") + "}",
        "x"));
  });
  check_bad("at /a/dtype: this key is there twice",
            [] { parse(file(R"({"a":{"dtype":"U8","dtype":"U8"}})")); });
  check_bad("nested deeper", [] { parse(file(R"({"a":[[[[[1]]]]]})")); });
  check_bad("a NUL byte", [] { parse(file(std::string("{}\0", 3))); });
}

TEST_CASE("safetensors: an entry has exactly dtype, shape and data_offsets") {
  check_header("tensor 'a': expected an object, found number", R"({"a":1})");
  check_header("the key 'dtype' is missing", R"({"a":{"shape":[1],"data_offsets":[0,4]}})");
  check_header("the key 'shape' is missing", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})");
  check_header("the key 'data_offsets' is missing", R"({"a":{"dtype":"F32","shape":[1]}})");
  check_header("unknown key 'x'",
               R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})");
  check_header("dtype: expected one of", R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}})");
  check_header("shape: expected a list, found number",
               "{\"a\":" + entry("F32", "1", "[0,4]") + "}");
  for (const std::string bad : {"[-1]", "[1.0]", "[\"1\"]", "[null]", "[18446744073709551616]"}) {
    INFO(bad);
    check_header("shape: expected whole numbers", "{\"a\":" + entry("F32", bad, "[0,4]") + "}");
  }
  check_header("data_offsets: expected 2 numbers, found 3",
               "{\"a\":" + entry("F32", "[1]", "[0,4,4]") + "}");
}

TEST_CASE("safetensors: offsets lie in the file and hold the shape") {
  check_header("expected begin <= end <= 4, found 0 and 8",
               "{\"a\":" + entry("F32", "[2]", "[0,8]") + "}");
  check_header("found 4 and 0", "{\"a\":" + entry("F32", "[1]", "[4,0]") + "}");
  check_header("shape (2) takes 8 bytes, found 4", "{\"a\":" + entry("F32", "[2]", "[0,4]") + "}");
  check_header("tensor 'a': shape (4294967296, 4294967296) has more elements",
               "{\"a\":" + entry("F32", "[4294967296,4294967296]", "[0,0]") + "}", 0);
  check_header("has more elements",
               "{\"a\":" + entry("U8", "[0,9223372036854775808,2]", "[0,0]") + "}", 0);
  check_header("an array of 9 axes",
               "{\"a\":" + entry("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}");
}

TEST_CASE("safetensors: no gap, no overlap, nothing left over") {
  const auto two = [](const std::string& a, const std::string& b) {
    return "{\"a\":" + entry("U8", "[2]", a) + ",\"b\":" + entry("U8", "[2]", b) + "}";
  };
  CHECK(parse(file(two("[0,2]", "[2,4]"), "abcd")).tensors.size() == 2);
  check_header("tensor 'b': begins at 1 of the data, expected 2: an overlap", two("[0,2]", "[1,3]"),
               3);
  check_header("tensor 'b': begins at 3 of the data, expected 2: a gap", two("[0,2]", "[3,5]"), 5);
  check_header("tensor 'a': begins at 1 of the data, expected 0: a gap", two("[1,3]", "[3,5]"), 5);
  check_header("the tensors hold 4 bytes, found 5", two("[0,2]", "[2,4]"), 5);
  check_header("the tensors hold 0 bytes, found 1", "{}", 1);
  check_header("an overlap", two("[0,2]", "[0,2]"), 2);
}

TEST_CASE("safetensors: metadata holds strings only") {
  CHECK(parse(file(R"({"__metadata__":{"a":"b"}})")).metadata.at("a") == "b");
  check_header("expected an object of strings", R"({"__metadata__":[]})", 0);
  check_header("'a' is no string", R"({"__metadata__":{"a":1}})", 0);
}

TEST_CASE("safetensors: too many tensors or values are a limit, hit before they are all kept") {
  std::string header = "{";
  for (int i = 0; i < 65537; ++i) {
    header += (i ? ",\"" : "\"") + std::to_string(i) + "\":" + entry("U8", "[0]", "[0,0]");
  }
  check_error(ErrorKind::limit, "more than 65536 tensors", [&] { parse(file(header + "}")); });
  std::string zeros = "{\"a\":[0";
  for (int i = 0; i < 1400000; ++i) zeros += ",0";
  check_error(ErrorKind::limit, "more than 1310720 values", [&] { parse(file(zeros + "]}")); });
}

TEST_CASE("safetensors: a pickle is refused with the reason and the way to convert") {
  const std::string zip = std::string("PK\x03\x04", 4) + std::string(100, '\0');
  const std::string old = std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20", 10);
  for (const std::string& bytes :
       {zip, old, std::string("\x80\x04"), std::string("\x80\x05\x95")}) {
    check_bad("found a pickle", [&] { parse(bytes); });
    try {
      parse(bytes);
    } catch (const attn::Error& error) {
      CHECK(error.hint().find("safetensors.torch.save_file") != std::string::npos);
    }
  }
}

TEST_CASE("safetensors: a header of 640 bytes begins like a pickle but is none") {
  const std::string bytes = file("{}" + std::string(638, ' '));
  REQUIRE(bytes.substr(0, 2) == "\x80\x02");
  CHECK(parse(bytes).tensors.empty());
}

TEST_CASE("safetensors: cut at any byte it is an error") {
  const std::string whole = safetensors_bytes({{"a", array({2}, {1, 2})}, {"b", array({1}, {3})}});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CHECK_THROWS_AS(parse(whole.substr(0, n)), attn::Error);
  }
}

TEST_CASE("safetensors: names that cannot be written are a mistake of the caller") {
  const attn::Array a = array({1}, {1});
  check_error(ErrorKind::internal, "is taken", [&] { safetensors_bytes({{"a", a}, {"a", a}}); });
  check_error(ErrorKind::internal, "is taken", [&] { safetensors_bytes({{"__metadata__", a}}); });
  check_error(ErrorKind::internal, "UTF-8", [&] { safetensors_bytes({{"\xFF", a}}); });
}

TEST_CASE("safetensors: all differences from a model are listed at once") {
  const SafetensorsFile read =
      parse(safetensors_bytes({{"a", array({2}, {1, 2})}, {"c", array({1}, {3})}}));
  CHECK_NOTHROW(attn::check_tensors({{"a", {2}}, {"c", {1}}}, attn::shapes_of(read), "x.st"));
  const auto check = [&] {
    attn::check_tensors({{"a", {3}}, {"b", {4, 5}}}, attn::shapes_of(read), "x.st");
  };
  check_bad("x.st: safetensors: 3 tensors differ", check);
  check_bad("a: expected shape (3), found (2)", check);
  check_bad("b: missing, expected shape (4, 5)", check);
  check_bad("c: not expected, shape (1)", check);
}

TEST_CASE("safetensors: read_safetensors names the file") {
  const io_test::Folder folder;
  attn::write_file(folder / "x.safetensors", safetensors_bytes({{"a", array({1}, {1})}}));
  CHECK(attn::read_safetensors(folder / "x.safetensors").tensors.size() == 1);
  attn::write_file(folder / "y.safetensors", "no");
  check_bad(folder / "y.safetensors", [&] { attn::read_safetensors(folder / "y.safetensors"); });
}
