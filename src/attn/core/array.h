#pragma once
// The one array type of the project, and the only place that includes xtensor's arrays.
#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#else
#include <xtensor/xarray.hpp>
#endif

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace attn {

/// One number of a model: float in the program, double in the build that checks gradients.
#ifdef ATTN_REAL_DOUBLE
using real = double;
#else
using real = float;
#endif

/// Numbers in row-major order: the last axis is contiguous. Every function takes `const Array&`.
using Array = xt::xarray<real, xt::layout_type::row_major>;
using Shape = std::vector<std::size_t>;

/// An array of this shape whose numbers are not set yet.
Array empty(const Shape& shape);
Array zeros(const Shape& shape);
Array full(const Shape& shape, real value);
/// matrix({{1, 2}, {3, 4}}) is the 2x2 matrix with these rows. Throws Error if the rows differ.
Array matrix(std::initializer_list<std::initializer_list<real>> rows);

Shape shape_of(const Array& a);
/// The same numbers in the same order under another shape. Throws Error if the counts differ.
Array reshaped(const Array& a, const Shape& shape);
/// "(2, 11, 11)"; "()" for a single number.
std::string to_string(const Shape& shape);
/// A (rows,columns) matrix becomes (columns,rows), in blocks that fit into the cache.
template <class T>
void transpose_into(const T* from, std::size_t rows, std::size_t columns, T* to) {
  constexpr std::size_t kBlock = 32;
  for (std::size_t i0 = 0; i0 < rows; i0 += kBlock) {
    for (std::size_t j0 = 0; j0 < columns; j0 += kBlock) {
      for (std::size_t i = i0; i < std::min(i0 + kBlock, rows); ++i) {
        for (std::size_t j = j0; j < std::min(j0 + kBlock, columns); ++j)
          to[j * rows + i] = from[i * columns + j];
      }
    }
  }
}

/// The last two axes exchanged; with less than two, the same.
Array transposed(const Array& a);
/// Number of elements; 1 for an empty shape.
std::size_t count(const Shape& shape);

/// Where the i-th number of an array of this shape stands, axis by axis.
std::vector<std::size_t> coordinates(std::size_t i, const Shape& shape);
/// And back: which number stands at these coordinates.
std::size_t flat_index(const std::vector<std::size_t>& coordinates, const Shape& shape);

/// Bytes that an array of this shape and item size takes. The one place where shapes from outside
/// become sizes: throws Error(bad_input) at rank above 8 or when the product overflows.
std::size_t checked_bytes(const Shape& shape, std::size_t item_size);

/// Length of the last axis: the width of a row.
inline std::size_t columns(const Array& a) { return a.shape().back(); }
/// Number of rows: the product of all axes but the last.
inline std::size_t rows(const Array& a) { return columns(a) == 0 ? 0 : a.size() / columns(a); }

inline std::span<const real> row(const Array& a, std::size_t i) {
  return {a.data() + i * columns(a), columns(a)};
}
inline std::span<real> row(Array& a, std::size_t i) {
  return {a.data() + i * columns(a), columns(a)};
}

/// Largest |a - b|. Two NaN, or two equal infinities, do not differ; NaN against a number is
/// infinite. Throws Error if the shapes differ.
real largest_difference(const Array& a, const Array& b);
/// Largest |a|, 0 if there is none. NaN if one is NaN.
real largest_magnitude(const Array& a);

}  // namespace attn
