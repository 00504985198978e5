#include "attn/io/dtype.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "attn/core/error.h"

namespace attn {
namespace {

template <class Unsigned>
Unsigned load(const char* from, ByteOrder order) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    const std::size_t at = order == ByteOrder::little ? sizeof(Unsigned) - 1 - i : i;
    value = static_cast<Unsigned>(static_cast<std::uint64_t>(value) << 8 |
                                  static_cast<unsigned char>(from[at]));
  }
  return value;
}

/// IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
float half_to_float(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  float magnitude;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return bits >> 15 ? -magnitude : magnitude;
}

/// bfloat16: the upper half of a binary32.
float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// to[i] = number i, whose bits `convert` turns into a number.
template <class Unsigned, class Convert>
void decode_each(std::string_view bytes, ByteOrder order, real* to, const Convert& convert) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(Unsigned); ++i) {
    to[i] = static_cast<real>(convert(load<Unsigned>(bytes.data() + i * sizeof(Unsigned), order)));
  }
}

template <class Integer>
void decode_integers(std::string_view bytes, ByteOrder order, real* to) {
  using Unsigned = std::make_unsigned_t<Integer>;
  decode_each<Unsigned>(bytes, order, to, [](Unsigned u) { return std::bit_cast<Integer>(u); });
}

}  // namespace

std::size_t item_size(DType type) {
  switch (type) {
    case DType::f64:
    case DType::i64:
    case DType::u64:
      return 8;
    case DType::f32:
    case DType::i32:
    case DType::u32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
    case DType::u16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return 1;
  }
  throw Error(ErrorKind::internal, "item_size(): unknown type");
}

std::size_t checked_bytes(const Shape& shape, DType type, const std::string& place) {
  Shape strided = shape;
  std::replace(strided.begin(), strided.end(), std::size_t{0}, std::size_t{1});
  try {
    checked_bytes(strided, sizeof(double));
    return checked_bytes(shape, item_size(type));
  } catch (const Error& error) {  // the one thing added here is where it happened
    throw Error(error.kind(), place + ": " + error.what(), error.hint());
  }
}

Array decode(std::string_view bytes, DType type, ByteOrder order, const Shape& shape) {
  if (bytes.size() != checked_bytes(shape, type, "decode()")) {
    throw Error(ErrorKind::internal,
                fmt::format("decode(): {} bytes for the shape {}", bytes.size(), to_string(shape)));
  }
  Array out = empty(shape);
  real* to = out.data();
  switch (type) {
    case DType::f64:
      decode_each<std::uint64_t>(bytes, order, to,
                                 [](std::uint64_t u) { return std::bit_cast<double>(u); });
      break;
    case DType::f32:
      // Checkpoints of hundreds of megabytes come this way: no work per number.
      if (std::is_same_v<real, float> && std::endian::native == std::endian::little &&
          order == ByteOrder::little) {
        if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
        break;
      }
      decode_each<std::uint32_t>(bytes, order, to,
                                 [](std::uint32_t u) { return std::bit_cast<float>(u); });
      break;
    case DType::f16:
      decode_each<std::uint16_t>(bytes, order, to, half_to_float);
      break;
    case DType::bf16:
      decode_each<std::uint16_t>(bytes, order, to, bfloat_to_float);
      break;
    case DType::i64:
      decode_integers<std::int64_t>(bytes, order, to);
      break;
    case DType::i32:
      decode_integers<std::int32_t>(bytes, order, to);
      break;
    case DType::i16:
      decode_integers<std::int16_t>(bytes, order, to);
      break;
    case DType::i8:
      decode_integers<std::int8_t>(bytes, order, to);
      break;
    case DType::u64:
      decode_integers<std::uint64_t>(bytes, order, to);
      break;
    case DType::u32:
      decode_integers<std::uint32_t>(bytes, order, to);
      break;
    case DType::u16:
      decode_integers<std::uint16_t>(bytes, order, to);
      break;
    case DType::u8:
      decode_integers<std::uint8_t>(bytes, order, to);
      break;
    case DType::boolean:
      decode_each<std::uint8_t>(bytes, order, to, [](std::uint8_t u) { return u != 0 ? 1 : 0; });
      break;
  }
  return out;
}

}  // namespace attn
