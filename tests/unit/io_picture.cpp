#include <doctest/doctest.h>

#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/picture.h"
#include "io_support.h"

using attn::Array;
using attn::Error;
using attn::ErrorKind;
using attn::parse_picture;
using io_test::check_bad_seeds;
using io_test::seed_bytes;
using io_test::seeds;

namespace {

Array seed(const std::string& name, bool grey = false) {
  return parse_picture(seed_bytes("picture", name), name, grey);
}

void check_numbers(const Array& a, const std::vector<double>& in_bytes) {
  REQUIRE(a.size() == in_bytes.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    CHECK(double{a.data()[i]} == doctest::Approx(in_bytes[i] / 255).epsilon(1e-6));
}

}  // namespace

TEST_CASE("picture: every way to write it gives the same colours, line by line") {
  const std::vector<std::string> names = seeds("picture", "good-rgb");
  CHECK(names.size() >= 9);
  for (const std::string& name : names) {
    INFO(name);
    const Array a = seed(name);
    REQUIRE(attn::shape_of(a) == attn::Shape{2, 3, 3});
    check_numbers(a, {0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 51, 102, 153});
  }
}

TEST_CASE("picture: a grey one has one channel, of whatever bits") {
  const std::vector<std::string> names = seeds("picture", "good-grey");
  CHECK(names.size() >= 5);
  for (const std::string& name : names) {
    INFO(name);
    const Array a = seed(name);
    REQUIRE(attn::shape_of(a) == attn::Shape{2, 3, 1});
    check_numbers(a, {0, 128, 255, 255, 128, 0});
  }
  check_numbers(seed("good-bits"), {0, 255, 0, 255, 0, 255});
}

TEST_CASE("picture: without its colours it is as light as it looks, by BT.601") {
  const Array a = seed("good-rgb8", true);
  REQUIRE(attn::shape_of(a) == attn::Shape{2, 3, 1});
  check_numbers(
      a, {0, 0.299 * 255, 0.587 * 255, 0.114 * 255, 255, 0.299 * 51 + 0.587 * 102 + 0.114 * 153});
}

TEST_CASE("picture: what is transparent is white") {
  check_numbers(seed("good-transparent"), {255, 255, 255});
}

TEST_CASE("picture: a JPEG of one colour has this colour") {
  const Array a = seed("good-jpeg-rgb");
  REQUIRE(attn::shape_of(a) == attn::Shape{8, 8, 3});
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double expected[] = {200, 100, 50};
    CHECK(std::abs(double{a.data()[i]} * 255 - expected[i % 3]) <= 3);
  }
  CHECK(attn::shape_of(seed("good-jpeg-grey")) == attn::Shape{8, 8, 1});
}

TEST_CASE("picture: every error names the file and says what to do") {
  check_bad_seeds("picture", [](const std::string& name) { seed(name); });
  const auto kind_of = [](const std::string& name) {
    try {
      seed(name);
    } catch (const Error& e) {
      return e.kind();
    }
    return ErrorKind::internal;
  };
  CHECK(kind_of("bad-png-enormous") != ErrorKind::internal);
  CHECK(kind_of("bad-ppm-enormous") == ErrorKind::limit);
  CHECK(kind_of("bad-png-bomb") == ErrorKind::bad_input);  // before its 128 MB are allocated
}

TEST_CASE("picture: cut after any byte it is refused, never read in part") {
  for (const std::string& name : seeds("picture", "good-")) {
    const std::string bytes = seed_bytes("picture", name);
    // A JPEG's last two bytes, a text's last digit say nothing that would be missed.
    if (name.find("jpeg") != std::string::npos || name.find("text") != std::string::npos) continue;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      INFO(name << " cut to " << length);
      CHECK_THROWS_AS(parse_picture(bytes.substr(0, length), name), Error);
    }
  }
}
