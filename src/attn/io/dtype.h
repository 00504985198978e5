#pragma once
// Number types of binary files, and the one conversion from their bytes.
#include <cstddef>
#include <string>
#include <string_view>

#include "attn/core/array.h"

namespace attn {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };
enum class ByteOrder { little, big };

/// Bytes of one number.
std::size_t item_size(DType type);

/// Bytes that a file must hold for this shape and type. Throws Error(bad_input), its message
/// beginning with `place` (path, format, part), at rank above 8 or when a product overflows, also
/// when an axis of length 0 hides the overflow: strides are products of the other axes.
std::size_t checked_bytes(const Shape& shape, DType type, const std::string& place);

/// The numbers in `bytes` (count(shape) of them, in C order) as an array of `real`. Values beyond
/// the range of `real` become infinite; a boolean that is not 0 becomes 1.
/// `bytes` must have exactly the checked size: throws Error(internal) otherwise.
Array decode(std::string_view bytes, DType type, ByteOrder order, const Shape& shape);

}  // namespace attn
