#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "attn/io/file.h"
#include "attn/io/npy.h"
#include "io_support.h"

using attn::Array;
using attn::npy_bytes;
using attn::parse_npy;
using attn::Shape;
using io_test::array;
using io_test::check_bad;
using io_test::random_array;
using io_test::same;

namespace {

/// An NPY file of any header and data, right or wrong.
std::string npy(const std::string& header, const std::string& data, int major = 1) {
  std::string out = "\x93NUMPY";
  out += {static_cast<char>(major), '\0'};
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) out += static_cast<char>(header.size() >> 8 * i);
  return out + header + data;
}

std::string dict(const std::string& descr, const std::string& shape,
                 const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int v : values) out += static_cast<char>(v);
  return out;
}

Array parse(const std::string& text) { return parse_npy(text, "x.npy"); }

/// The message for a file whose header is `header` and whose data is one float.
void check_header(const std::string& part, const std::string& header) {
  check_bad(part, [&] { parse(npy(header, std::string(4, '\0'))); });
}

}  // namespace

TEST_CASE("npy: random arrays of any rank come back with the same bits") {
  unsigned seed = 0;
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{3, 4}, Shape{2, 3, 4}, Shape{0, 4},
                             Shape{4, 0}, Shape{1, 1, 1, 1, 1, 1, 1, 2}, Shape{100, 33}}) {
    const Array a = random_array(shape, ++seed);
    CHECK(same(parse(npy_bytes(a)), a));
  }
}

TEST_CASE("npy: writes version 1.0, float32, C order, data at a multiple of 64") {
  const std::string out = npy_bytes(array({2, 3}, {1, 2, 3, 4, 5, 6}));
  CHECK(out.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK(out.find("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") == 10);
  CHECK((out.size() - 24) % 64 == 0);
  CHECK(out[out.size() - 25] == '\n');
  CHECK(npy_bytes(array({3}, {1, 2, 3})).find("(3,)") != std::string::npos);
  CHECK(npy_bytes(array({}, {1})).find("()") != std::string::npos);
}

TEST_CASE("npy: ids are written as int64 and must be whole") {
  const Array ids = array({4}, {0, 1, 16777215, -5});
  const std::string out = attn::npy_id_bytes(ids);
  CHECK(out.find("'<i8'") != std::string::npos);
  CHECK(same(parse(out), ids));
  for (const double bad : {0.5, std::nan(""), HUGE_VAL, 1e30}) {
    CHECK_THROWS_AS(attn::npy_id_bytes(array({1}, {bad})), attn::Error);
  }
}

TEST_CASE("npy: every type and byte order is read") {
  const auto one = [](const std::string& descr, std::initializer_list<int> data) {
    return static_cast<double>(parse(npy(dict(descr, "(1,)"), bytes(data))).data()[0]);
  };
  CHECK(one("<f4", {0, 0, 0xC0, 0x3F}) == 1.5);
  CHECK(one(">f4", {0x3F, 0xC0, 0, 0}) == 1.5);
  CHECK(one("<f8", {0, 0, 0, 0, 0, 0, 0xF8, 0x3F}) == 1.5);
  CHECK(one(">f8", {0x3F, 0xF8, 0, 0, 0, 0, 0, 0}) == 1.5);
  CHECK(one("<f2", {0x00, 0x3E}) == 1.5);
  CHECK(one(">f2", {0xBE, 0x00}) == -1.5);
  CHECK(one("<f2", {0x01, 0x00}) == std::ldexp(1.0, -24));  // subnormal
  CHECK(one("<f2", {0xFF, 0x7B}) == 65504);                 // the largest
  CHECK(std::isinf(one("<f2", {0x00, 0x7C})));
  CHECK(std::isnan(one("<f2", {0x01, 0x7C})));
  CHECK(one("<i8", {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}) == -2);
  CHECK(one(">i8", {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE}) == -2);
  CHECK(one("<i4", {0xFE, 0xFF, 0xFF, 0xFF}) == -2);
  CHECK(one(">i4", {0, 0, 1, 0}) == 256);
  CHECK(one("<i2", {0xFE, 0xFF}) == -2);
  CHECK(one(">i2", {1, 0}) == 256);
  CHECK(one("|i1", {0xFE}) == -2);
  CHECK(one("<i1", {0xFE}) == -2);
  CHECK(one("<u8", {0, 0, 0, 0, 0, 0, 0, 0x80}) == std::ldexp(1.0, 63));
  CHECK(one("<u4", {0, 0, 0, 0x80}) == std::ldexp(1.0, 31));
  CHECK(one(">u2", {0x80, 0}) == 32768);
  CHECK(one("|u1", {0xFE}) == 254);
  CHECK(one("|b1", {1}) == 1);
  CHECK(one("|b1", {2}) == 1);
  CHECK(one("|b1", {0}) == 0);
}

TEST_CASE("npy: a float64 beyond float32 is refused, an infinity is read") {
  if (sizeof(attn::real) == 8) return;
  const auto number = [](double x, bool big) {
    std::string text(sizeof x, '\0');
    std::memcpy(text.data(), &x, sizeof x);
    if (big) std::reverse(text.begin(), text.end());
    return text;
  };
  for (const bool big : {false, true}) {
    const std::string header = dict(big ? ">f8" : "<f8", "(2,)");
    for (const double x : {1e300, -1e300, 3.5e38})
      check_bad("number 1 is too large",
                [&] { parse(npy(header, number(1, big) + number(x, big))); });
    const Array a = parse(npy(header, number(-HUGE_VAL, big) + number(3.4e38, big)));
    CHECK(std::isinf(a.data()[0]));
    CHECK(std::isfinite(a.data()[1]));
  }
}

TEST_CASE("npy: versions 2 and 3 are read, others refused") {
  CHECK(same(parse(npy(dict("|u1", "(2,)"), "\x01\x02", 2)), array({2}, {1, 2})));
  CHECK(same(parse(npy(dict("|u1", "(2,)"), "\x01\x02", 3)), array({2}, {1, 2})));
  check_bad("expected version 1.0, 2.0 or 3.0, found 4.0",
            [] { parse(npy(dict("|u1", "(2,)"), "\x01\x02", 4)); });
  check_bad("found 0.0", [] { parse(npy(dict("|u1", "(2,)"), "\x01\x02", 0)); });
}

TEST_CASE("npy: Fortran order gives the same array") {
  const std::string data = bytes({1, 4, 2, 5, 3, 6});
  CHECK(same(parse(npy(dict("|u1", "(2, 3)", "True"), data)), array({2, 3}, {1, 2, 3, 4, 5, 6})));
  CHECK(same(parse(npy(dict("|u1", "(6,)", "True"), data)), array({6}, {1, 4, 2, 5, 3, 6})));
  // a[i,j,k] = 100 i + 10 j + k
  CHECK(
      same(parse(npy(dict("|u1", "(2, 2, 2)", "True"), bytes({0, 100, 10, 110, 1, 101, 11, 111}))),
           array({2, 2, 2}, {0, 1, 10, 11, 100, 101, 110, 111})));
  CHECK(parse(npy(dict("|u1", "(0, 3)", "True"), "")).size() == 0);
}

TEST_CASE("npy: keys in any order, none twice, none missing, none unknown") {
  const std::string one(4, '\0');
  CHECK(parse(npy("{'shape': (1,), 'descr': '<f4', 'fortran_order': False}", one)).size() == 1);
  CHECK(
      parse(npy("{\"shape\":(1L,),\"descr\":\"<f4\",\"fortran_order\":False,}  \n", one)).size() ==
      1);
  check_header("the key 'shape' is there twice",
               "{'shape': (1,), 'shape': (1,), 'descr': '<f4', 'fortran_order': False}");
  check_header("the key 'descr' is missing", "{'shape': (1,), 'fortran_order': False}");
  check_header("the key 'fortran_order' is missing", "{'shape': (1,), 'descr': '<f4'}");
  check_header("the key 'shape' is missing", "{'descr': '<f4', 'fortran_order': False}");
  check_header("unknown key 'x'", "{'x': (1,), 'descr': '<f4', 'fortran_order': False}");
}

TEST_CASE("npy: a header that is no plain dict is refused with its place") {
  const std::string rest = ", 'descr': '<f4', 'fortran_order': False}";
  check_header("NPY header, byte 10: expected '{', found the end of the header", "");
  check_header("expected '{', found '[1]'", "[1]");
  check_header("expected a string, found '1: 2}'", "{1: 2}");
  check_header("a string without its end", "{'shape");
  check_header("expected a plain string", "{'sha\\x70e': (1,)" + rest);
  check_header("expected ':'", "{'shape' (1,)" + rest);
  check_header("expected a tuple such as (3,), found a number", "{'shape': (1)" + rest);
  check_header("expected '('", "{'shape': [1]" + rest);
  check_header("expected ',', found '1), ", "{'shape': (1 1)" + rest);
  check_header("expected a length, found '-1,)", "{'shape': (-1,)" + rest);
  check_header("expected a length, found '01,)", "{'shape': (01,)" + rest);
  check_header("expected ',', found '.0,)", "{'shape': (1.0,)" + rest);
  check_header("larger than memory can address", "{'shape': (18446744073709551616,)" + rest);
  check_header("expected True or False, found '0}'",
               "{'shape': (1,), 'descr': '<f4', 'fortran_order': 0}");
  check_header("expected the end of the header", "{'shape': (1,)" + rest + " x");
  check_header("a record of several fields", "{'descr': [('a', '<f4')], 'fortran_order': False}");
}

TEST_CASE("npy: shapes that overflow or have too many axes allocate nothing") {
  check_header("more elements than memory can address", dict("<f4", "(4294967296, 4294967296)"));
  check_header("more elements than memory can address", dict("|u1", "(18446744073709551615,)"));
  check_header("more elements than memory can address", dict("|u1", "(0, 4294967296, 4294967296)"));
  check_header("an array of 9 axes", dict("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"));
  check_header("takes 4000000000000 bytes, found 4", dict("<f4", "(1000000, 1000000)"));
}

TEST_CASE("npy: pickled objects are refused with the reason, other types by name") {
  check_header("can run any program", dict("|O", "(1,)"));
  check_header("can run any program", dict("O", "(1,)"));
  check_header("type '<c8'", dict("<c8", "(1,)"));
  check_header("type '<U1'", dict("<U1", "(1,)"));
  check_header("type '<f16'", dict("<f16", "(1,)"));
  check_header("has no byte order", dict("|f4", "(1,)"));
  check_header("begins with no byte order", dict("f4", "(1,)"));
  check_header("begins with no byte order", dict("", "(1,)"));
}

TEST_CASE("npy: data is exactly as long as the shape says") {
  check_bad("takes 8 bytes, found 7", [] { parse(npy(dict("<f4", "(2,)"), std::string(7, 'x'))); });
  check_bad("takes 8 bytes, found 9", [] { parse(npy(dict("<f4", "(2,)"), std::string(9, 'x'))); });
  check_bad("takes 0 bytes, found 4", [] { parse(npy(dict("<f4", "(0,)"), std::string(4, 'x'))); });
}

TEST_CASE("npy: header length is limited and within the file") {
  const std::string pad(9990, ' ');
  CHECK(parse(npy(dict("|u1", "(1,)") + std::string(9000, ' '), "x")).size() == 1);
  check_bad("expected at most 10000", [&] { parse(npy(dict("|u1", "(1,)") + pad, "x")); });
  std::string lies = npy(dict("|u1", "(1,)"), "x", 2);
  lies[8] = lies[9] = lies[10] = lies[11] = '\xFF';
  check_bad("a header of 4294967295 characters", [&] { parse(lies); });
}

TEST_CASE("npy: other files are recognised as such") {
  check_bad("x.npy: NPY, byte 0: expected \"\\x93NUMPY\", found \"1,2,3\\x0A\"",
            [] { parse("1,2,3\n"); });
  check_bad("found \"\"", [] { parse(""); });
  try {
    parse("PK\x03\x04 and so on");
  } catch (const attn::Error& error) {
    CHECK(error.hint().find(".npz") != std::string::npos);
  }
}

TEST_CASE("npy: cut at any byte it is an error") {
  for (const int version : {1, 2}) {
    const std::string whole = npy(dict("<f4", "(2, 1)"), std::string(8, '\0'), version);
    REQUIRE(parse(whole).size() == 2);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      CHECK_THROWS_AS(parse(whole.substr(0, n)), attn::Error);
    }
  }
}

TEST_CASE("npy: read_npy names the file") {
  const io_test::Folder folder;
  const Array a = random_array({3, 5}, 1);
  attn::write_file(folder / "a.npy", npy_bytes(a));
  CHECK(same(attn::read_npy(folder / "a.npy"), a));
  attn::write_file(folder / "b.npy", "no");
  check_bad(folder / "b.npy", [&] { attn::read_npy(folder / "b.npy"); });
}
