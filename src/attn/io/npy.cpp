#include "attn/io/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "attn/core/error.h"
#include "attn/io/dtype.h"

namespace attn {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kHeaderLimit = 10000;

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

/// Reads the header, which is the text of a Python dict with three known keys, from left to right.
class HeaderReader {
 public:
  HeaderReader(std::string_view bytes, std::size_t begin, std::size_t end, const std::string& name)
      : text_(bytes.substr(0, end)), at_(begin), name_(name) {}

  Header read() {
    Header header;
    take('{');
    while (!next_is('}')) {
      const std::string key = string();
      take(':');
      if (key == "descr") {
        once(header.descr.has_value(), key);
        // A list describes a record of several numbers.
        if (next_is('[')) fail("a record of several fields", "save each field as its own array");
        header.descr = string();
      } else if (key == "fortran_order") {
        once(header.fortran_order.has_value(), key);
        header.fortran_order = boolean();
      } else if (key == "shape") {
        once(header.shape.has_value(), key);
        header.shape = tuple();
      } else {
        fail(fmt::format("the unknown key '{}', expected descr, fortran_order, shape",
                         escaped(key)));
      }
      if (!next_is('}')) take(',');
    }
    take('}');
    skip_space();
    if (at_ != text_.size()) fail(fmt::format("expected the end of the header, found {}", rest()));
    if (!header.descr) fail("the key 'descr' is missing");
    if (!header.fortran_order) fail("the key 'fortran_order' is missing");
    if (!header.shape) fail("the key 'shape' is missing");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: NPY header, byte {}: {}", escaped(name_, 400), at_, what),
                hint.empty() ? "the file is damaged; write it again with numpy.save" : hint);
  }
  void once(bool seen, const std::string& key) const {
    if (seen) fail(fmt::format("the key '{}' is there twice", key));
  }
  std::string rest() const {
    return at_ == text_.size() ? "the end of the header" : "'" + escaped(text_.substr(at_)) + "'";
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' ||
                                  text_[at_] == '\r' || text_[at_] == '\f')) {
      ++at_;
    }
  }
  bool next_is(char c) {
    skip_space();
    return at_ < text_.size() && text_[at_] == c;
  }
  void take(char c) {
    if (!next_is(c)) fail(fmt::format("expected '{}', found {}", c, rest()));
    ++at_;
  }
  std::string string() {
    if (!next_is('\'') && !next_is('"')) fail(fmt::format("expected a string, found {}", rest()));
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail("a string without its end");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.find_first_of("\\\n") != std::string_view::npos) {
      fail(fmt::format("expected a plain string, found {}", rest()));
    }
    at_ = end + 1;
    return std::string(inside);
  }
  bool boolean() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    fail(fmt::format("expected True or False, found {}", rest()));
  }
  std::size_t length() {
    skip_space();
    std::size_t value = 0;
    const char* begin = text_.data() + at_;
    const std::from_chars_result read = std::from_chars(begin, text_.data() + text_.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
      fail(fmt::format("the length {} is larger than memory can address", rest()));
    }
    if (read.ec != std::errc{}) fail(fmt::format("expected a length, found {}", rest()));
    if (*begin == '0' && read.ptr - begin > 1)
      fail(fmt::format("expected a length, found {}", rest()));
    at_ += static_cast<std::size_t>(read.ptr - begin);
    // Python 2 wrote long integers as 3L.
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;
    return value;
  }
  /// () or (3,) or (3, 4) or (3, 4,)
  Shape tuple() {
    Shape shape;
    bool comma = true;
    take('(');
    while (!next_is(')')) {
      if (!comma) take(',');
      shape.push_back(length());
      comma = next_is(',');
      if (comma) take(',');
    }
    if (shape.size() == 1 && !comma) fail("expected a tuple such as (3,), found a number");
    take(')');
    return shape;
  }

  std::string_view text_;
  std::size_t at_;
  const std::string& name_;
};

struct NumberType {
  DType type;
  ByteOrder order;
};

/// "<f4" and its kin. Throws Error, with the reason for what can never be read.
NumberType number_type(const std::string& descr, const std::string& name) {
  const auto fail = [&](const std::string& what, const std::string& hint) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{}: NPY header: type '{}' {}", escaped(name, 400), escaped(descr), what),
        hint);
  };
  static const std::string known = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1";
  const std::string convert = "convert it first: numpy.save(path, array.astype('float32'))";
  const char order = descr.empty() ? '\0' : descr[0];
  const std::string_view code = std::string_view(descr).substr(descr.empty() ? 0 : 1);
  if (code == "O" || descr == "O") {
    fail(
        "is pickled Python objects: loading such a file can run any program hidden in it, "
        "so it is refused",
        convert);
  }
  if (std::string_view("<>|=").find(order) == std::string_view::npos || descr.empty()) {
    fail("begins with no byte order (one of < > |), expected one of " + known, convert);
  }
  struct Row {
    std::string_view code;
    DType type;
  };
  static constexpr Row kRows[] = {{"f4", DType::f32}, {"f8", DType::f64}, {"f2", DType::f16},
                                  {"i8", DType::i64}, {"i4", DType::i32}, {"i2", DType::i16},
                                  {"i1", DType::i8},  {"u8", DType::u64}, {"u4", DType::u32},
                                  {"u2", DType::u16}, {"u1", DType::u8},  {"b1", DType::boolean}};
  for (const Row& row : kRows) {
    if (row.code != code) continue;
    if (order == '|' && item_size(row.type) > 1) fail("has no byte order (< or >)", convert);
    const bool native_big = order == '=' && std::endian::native == std::endian::big;
    return {row.type, order == '>' || native_big ? ByteOrder::big : ByteOrder::little};
  }
  fail("holds no real numbers that are known here, expected one of " + known, convert);
  return {};
}

/// The same array after its numbers were read as if in C order, though the first axis is
/// contiguous.
Array from_fortran_order(const Array& read) {
  const Shape shape = shape_of(read);
  Array out = empty(shape);
  Shape index(shape.size(), 0), stride(shape.size(), 1);
  for (std::size_t axis = 1; axis < shape.size(); ++axis) {
    stride[axis] = stride[axis - 1] * shape[axis - 1];
  }
  std::size_t from = 0;
  for (std::size_t to = 0; to < out.size(); ++to) {
    out.data()[to] = read.data()[from];
    for (std::size_t axis = shape.size(); axis-- > 0;) {  // count up, last axis first
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

std::string header_bytes(const Shape& shape, std::string_view descr) {
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (", descr);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    text += fmt::format("{}{}", axis == 0 ? "" : ", ", shape[axis]);
  }
  text += shape.size() == 1 ? ",), }" : "), }";
  const std::size_t before = kMagic.size() + 4;
  text.append(63 - (before + text.size()) % 64, ' ');
  text += '\n';
  std::string out(kMagic);
  out +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return out + text;
}

template <class Unsigned>
void append(std::string& out, Unsigned bits) {
  for (std::size_t i = 0; i < sizeof bits; ++i) out += static_cast<char>(bits >> 8 * i & 0xFF);
}

}  // namespace

bool is_npy(std::string_view bytes) { return bytes.substr(0, kMagic.size()) == kMagic; }

Array parse_npy(std::string_view bytes, const std::string& name) {
  const auto fail = [&](std::size_t at, const std::string& what, const std::string& hint) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: NPY, byte {}: {}", escaped(name, 400), at, what), hint);
  };
  const std::string again = "the file is damaged or cut; write it again with numpy.save";
  if (!is_npy(bytes)) {
    const bool archive = bytes.substr(0, 4) == "PK\x03\x04";
    fail(0, fmt::format("expected \"\\x93NUMPY\", found \"{}\"", escaped(bytes.substr(0, 6))),
         archive ? "an archive (.npz) holds several arrays: save one of them with numpy.save"
                 : "is it a NPY file? write one with numpy.save");
  }
  if (bytes.size() < 8) fail(bytes.size(), "the file ends before the version", again);
  const auto byte = [&](std::size_t i) -> std::size_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  const std::size_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0) {
    fail(6, fmt::format("expected version 1.0, 2.0 or 3.0, found {}.{}", major, minor), again);
  }
  const std::size_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start) fail(bytes.size(), "the file ends before the header's length", again);
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 8;) length = length << 8 | byte(i);
  if (length > kHeaderLimit) {
    fail(8, fmt::format("a header of {} characters, expected at most {}", length, kHeaderLimit),
         again);
  }
  if (length > bytes.size() - start) {
    fail(8,
         fmt::format("a header of {} characters, but only {} follow", length, bytes.size() - start),
         again);
  }
  const std::size_t begin = start + length;
  const Header header = HeaderReader(bytes, start, begin, name).read();
  const NumberType number = number_type(*header.descr, name);
  const std::size_t expected =
      checked_bytes(*header.shape, number.type, escaped(name, 400) + ": NPY header");
  if (expected != bytes.size() - begin) {
    fail(begin,
         fmt::format("shape {} of type '{}' takes {} bytes, found {}", to_string(*header.shape),
                     *header.descr, expected, bytes.size() - begin),
         again);
  }
  Array read = decode(bytes.substr(begin), number.type, number.order, *header.shape);
  if (number.type == DType::f64) {
    // Beyond the range of real; an infinity must have been one before.
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (!std::isinf(read.data()[i])) continue;
      const std::size_t at = begin + i * sizeof(double);
      const bool big = number.order == ByteOrder::big;
      const std::size_t high = byte(big ? at : at + 7), next = byte(big ? at + 1 : at + 6);
      if ((high & 0x7F) == 0x7F && next >= 0xF0) continue;
      fail(at, fmt::format("number {} is too large: the largest here is 3.4e38", i),
           "divide the numbers first, or write inf where an infinity is meant");
    }
  }
  if (*header.fortran_order && header.shape->size() > 1) return from_fortran_order(read);
  return read;
}

Array read_npy(const std::string& path, std::size_t limit) {
  return parse_npy(read_file(path, limit), path == "-" ? "standard input" : path);
}

std::string npy_bytes(const Array& array) {
  std::string out = header_bytes(shape_of(array), "<f4");
  out.reserve(out.size() + array.size() * sizeof(float));
  for (std::size_t i = 0; i < array.size(); ++i) {
    append(out, std::bit_cast<std::uint32_t>(static_cast<float>(array.data()[i])));
  }
  return out;
}

std::string npy_id_bytes(const Array& array) {
  std::string out = header_bytes(shape_of(array), "<i8");
  out.reserve(out.size() + array.size() * sizeof(std::int64_t));
  for (std::size_t i = 0; i < array.size(); ++i) {
    const real value = array.data()[i];
    if (!(std::abs(value) < real{9.2e18}) || value != std::trunc(value)) {
      throw Error(ErrorKind::internal, fmt::format("npy_id_bytes(): {} is no whole number", value));
    }
    append(out, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  }
  return out;
}

}  // namespace attn
