#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "attn/core/array.h"
#include "attn/core/error.h"

using namespace attn;

namespace {

constexpr real kInfinity = std::numeric_limits<real>::infinity();
constexpr real kNaN = std::numeric_limits<real>::quiet_NaN();

ErrorKind kind_of(const Shape& shape, std::size_t item_size) {
  try {
    checked_bytes(shape, item_size);
  } catch (const Error& e) {
    return e.kind();
  }
  return ErrorKind::internal;
}

}  // namespace

TEST_CASE("array: made by shape, by number, by rows") {
  CHECK(shape_of(empty({2, 3})) == Shape{2, 3});
  CHECK(zeros({2, 2})(1, 1) == 0);
  CHECK(full({3}, 7)(2) == 7);
  const Array a = matrix({{1, 2, 3}, {4, 5, 6}});
  CHECK(shape_of(a) == Shape{2, 3});
  CHECK(a(1, 0) == 4);
  CHECK(a.data()[3] == 4);  // row-major
  CHECK(shape_of(matrix({})) == Shape{0, 0});
  CHECK_THROWS_AS(matrix({{1, 2}, {3}}), Error);
}

TEST_CASE("array: a single number has shape () and one element") {
  CHECK(empty({}).size() == 1);
  CHECK(to_string(shape_of(full({}, 2))) == "()");
  CHECK(count({}) == 1);
}

TEST_CASE("array: rows and columns by the last axis") {
  Array a = matrix({{1, 2, 3}, {4, 5, 6}});
  CHECK(columns(a) == 3);
  CHECK(rows(a) == 2);
  CHECK(row(a, 1)[2] == 6);
  row(a, 0)[1] = 9;
  CHECK(a(0, 1) == 9);
  CHECK(rows(zeros({2, 3, 4})) == 6);
  CHECK(rows(zeros({0, 4})) == 0);
  CHECK(columns(zeros({4, 0})) == 0);
}

TEST_CASE("to_string: a shape as a tuple") {
  CHECK(to_string(Shape{2, 11, 11}) == "(2, 11, 11)");
  CHECK(to_string(Shape{5}) == "(5)");
  CHECK(to_string(Shape{}) == "()");
}

TEST_CASE("reshaped: the same numbers in the same order, or an error with both shapes") {
  const Array a = reshaped(matrix({{1, 2, 3}, {4, 5, 6}}), {3, 2});
  CHECK(largest_difference(a, matrix({{1, 2}, {3, 4}, {5, 6}})) == 0);
  try {
    reshaped(a, {4, 2});
    FAIL("no error");
  } catch (const Error& e) {
    const std::string message = e.what();
    CHECK(message.find("(3, 2)") != std::string::npos);
    CHECK(message.find("(4, 2)") != std::string::npos);
  }
}

TEST_CASE("checked_bytes: the product, 0 for an empty axis, one item for a single number") {
  CHECK(checked_bytes({2, 3, 4}, 4) == 96);
  CHECK(checked_bytes({5, 0}, 8) == 0);
  CHECK(checked_bytes({}, 8) == 8);
  CHECK(checked_bytes({1, 1, 1, 1, 1, 1, 1, 1}, 4) == 4);
}

TEST_CASE("checked_bytes: a product that overflows, or too many axes, is bad input") {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK(kind_of({std::size_t{1} << 32, std::size_t{1} << 32}, 1) == ErrorKind::bad_input);
  CHECK(kind_of({most}, 2) == ErrorKind::bad_input);
  CHECK(kind_of({most / 4 + 1}, 4) == ErrorKind::bad_input);
  CHECK(kind_of({most, most, most}, 8) == ErrorKind::bad_input);
  CHECK(kind_of({3, std::size_t{1} << 63}, 1) == ErrorKind::bad_input);
  CHECK(kind_of(Shape(9, 1), 4) == ErrorKind::bad_input);
  CHECK(checked_bytes({most / 4}, 4) == most - 3);
}

TEST_CASE("largest_difference: of numbers") {
  CHECK(largest_difference(matrix({{1, 2}, {3, 4}}), matrix({{1, 2.5}, {1, 4}})) == 2);
  CHECK(largest_difference(zeros({0, 3}), zeros({0, 3})) == 0);
  CHECK(largest_difference(matrix({{0}}), matrix({{-real{0}}})) == 0);
}

TEST_CASE(
    "largest_difference: two NaN or two equal infinities agree, anything else beside them does "
    "not") {
  const auto difference = [](real a, real b) {
    return largest_difference(matrix({{0, a}}), matrix({{0, b}}));
  };
  CHECK(difference(kNaN, kNaN) == 0);
  CHECK(difference(kInfinity, kInfinity) == 0);
  CHECK(difference(-kInfinity, -kInfinity) == 0);
  CHECK(difference(kInfinity, -kInfinity) == kInfinity);
  CHECK(difference(kInfinity, 1) == kInfinity);
  CHECK(difference(kNaN, 1) == kInfinity);
  CHECK(difference(1, kNaN) == kInfinity);
  CHECK(difference(kNaN, kInfinity) == kInfinity);
}

TEST_CASE("largest_difference: of two shapes is an error that names both") {
  try {
    largest_difference(zeros({2, 3}), zeros({3, 2}));
    FAIL("no error");
  } catch (const Error& e) {
    const std::string message = e.what();
    CHECK(message.find("(2, 3)") != std::string::npos);
    CHECK(message.find("(3, 2)") != std::string::npos);
  }
}
