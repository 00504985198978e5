#include "attn/core/array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/core/error.h"

namespace attn {

Array empty(const Shape& shape) { return Array::from_shape(shape); }

Array full(const Shape& shape, real value) {
  Array out = empty(shape);
  std::fill(out.data(), out.data() + out.size(), value);
  return out;
}

Array zeros(const Shape& shape) { return full(shape, 0); }

Array matrix(std::initializer_list<std::initializer_list<real>> rows) {
  const std::size_t width = rows.size() == 0 ? 0 : rows.begin()->size();
  Array out = empty({rows.size(), width});
  real* to = out.data();
  for (const auto& r : rows) {
    if (r.size() != width)
      throw Error(ErrorKind::usage, "matrix(): rows of different lengths",
                  "give every row as many numbers");
    to = std::copy(r.begin(), r.end(), to);
  }
  return out;
}

Shape shape_of(const Array& a) { return {a.shape().begin(), a.shape().end()}; }

Array reshaped(const Array& a, const Shape& shape) {
  if (count(shape) != a.size()) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot see {} numbers of shape {} as {}", a.size(),
                            to_string(shape_of(a)), to_string(shape)),
                "the product of the lengths must stay the same");
  }
  Array out = a;
  out.reshape(shape);
  return out;
}

Array transposed(const Array& a) {
  Shape shape = shape_of(a);
  if (shape.size() < 2) return a;
  const std::size_t m = shape[shape.size() - 2], n = shape.back();
  std::swap(shape[shape.size() - 2], shape.back());
  Array out = empty(shape);
  for (std::size_t block = 0; block < out.size(); block += m * n)
    transpose_into(a.data() + block, m, n, out.data() + block);
  return out;
}

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

std::size_t count(const Shape& shape) {
  std::size_t n = 1;
  for (const std::size_t s : shape) n *= s;
  return n;
}

std::size_t checked_bytes(const Shape& shape, std::size_t item_size) {
  if (shape.size() > 8) {
    throw Error(ErrorKind::bad_input, fmt::format("an array of {} axes", shape.size()),
                "arrays here have at most 8 axes");
  }
  std::size_t bytes = item_size;
  for (const std::size_t s : shape) {
    if (__builtin_mul_overflow(bytes, s, &bytes)) {
      throw Error(
          ErrorKind::bad_input,
          fmt::format("shape {} has more elements than memory can address", to_string(shape)),
          "is the file damaged? no array is that large");
    }
  }
  return bytes;
}

std::vector<std::size_t> coordinates(std::size_t i, const Shape& shape) {
  std::vector<std::size_t> out(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0; i /= shape[axis]) out[axis] = i % shape[axis];
  return out;
}

std::size_t flat_index(const std::vector<std::size_t>& coordinates, const Shape& shape) {
  std::size_t i = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) i = i * shape[axis] + coordinates[axis];
  return i;
}

real largest_difference(const Array& a, const Array& b) {
  if (shape_of(a) != shape_of(b)) {
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot compare {} with {}", to_string(shape_of(a)), to_string(shape_of(b))),
        "both must have the same shape");
  }
  real largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const real x = a.data()[i], y = b.data()[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const real difference = std::abs(x - y);
    if (std::isnan(difference)) return std::numeric_limits<real>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

real largest_magnitude(const Array& a) {
  real largest = 0;
  for (const real x : a) {
    if (std::isnan(x)) return x;
    largest = std::max(largest, std::abs(x));
  }
  return largest;
}

}  // namespace attn
