#include "attn/io/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/io/dtype.h"

namespace attn {
namespace {

using nlohmann::json;

constexpr std::size_t kShownPointer = 120;

/// One step of a JSON pointer: "/" and the key, in which ~ and / are written ~0 and ~1 (RFC 6901).
std::string pointer_step(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

[[noreturn]] void fail_at(const std::string& name, const std::string& pointer,
                          const std::string& what, const std::string& hint,
                          ErrorKind kind = ErrorKind::bad_input) {
  throw Error(kind,
              fmt::format("{}: JSON, at {}: {}", escaped(name, 400),
                          pointer.empty() ? "the top" : escaped(pointer, kShownPointer), what),
              hint);
}

/// Builds the document from the parser's events; every event is checked before anything is kept.
class Builder {
 public:
  Builder(const std::string& name, const JsonLimits& limits) : name_(name), limits_(limits) {}

  json take() { return std::move(root_); }

  // The parser's events; false would stop it, but every failure here throws.
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(json::number_integer_t value) { return add(value); }
  bool number_unsigned(json::number_unsigned_t value) { return add(value); }
  bool number_float(json::number_float_t value, const std::string& /*digits*/) {
    if (!std::isfinite(value)) fail_at(name_, pointer(), "a number out of range", kNumberHint);
    return add(value);
  }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(json::binary_t& /*value*/) { return false; }  // not in JSON text
  bool start_object(std::size_t /*elements*/) { return open(json::object()); }
  bool key(std::string& value) {
    if (open_.back().container->contains(value)) {
      fail_at(name_, pointer() + pointer_step(value), "this key is there twice in its object",
              "keep one of the two");
    }
    open_.back().key = std::move(value);
    open_.back().has_key = true;
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*elements*/) { return open(json::array()); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string& /*last*/,
                   const json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what it is"
    std::string_view what = error.what();
    what.remove_prefix(std::min(what.size(), what.find("] ") + 2));
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{}: JSON, byte {}: {}", escaped(name_, 400), position, escaped(what, 160)),
        "the document is damaged, cut or no JSON");
  }

 private:
  static constexpr const char* kNumberHint = "JSON numbers are finite: at most about 1.8e308";

  struct Open {
    json* container;
    std::string key;  // of the value that comes next, in an object
    bool has_key;
  };

  /// Where the value that comes next will be.
  std::string pointer() const {
    std::string out;
    for (const Open& o : open_) {
      const bool innermost = &o == &open_.back();
      if (o.container->is_array()) {
        out += pointer_step(std::to_string(o.container->size() - (innermost ? 0 : 1)));
      } else if (o.has_key) {
        out += pointer_step(o.key);
      }
    }
    return out;
  }

  json* place(json value) {
    if (++values_ > limits_.values) {
      fail_at(name_, pointer(), fmt::format("more than {} values", limits_.values),
              "is it the right file?", ErrorKind::limit);
    }
    if (open_.empty()) return &(root_ = std::move(value));
    json& container = *open_.back().container;
    if (container.is_array()) {
      container.push_back(std::move(value));
      return &container.back();
    }
    json& member = container[open_.back().key];
    member = std::move(value);
    return &member;
  }
  bool add(json value) {
    place(std::move(value));
    if (!open_.empty()) open_.back().has_key = false;
    return true;
  }
  bool open(json value) {
    if (open_.size() == limits_.depth) {
      fail_at(name_, pointer(), fmt::format("nested deeper than {} levels", limits_.depth),
              "nothing that is read here is nested so deeply; is it the right file?");
    }
    open_.push_back({place(std::move(value)), {}, false});
    return true;
  }
  bool close() {
    open_.pop_back();
    if (!open_.empty()) open_.back().has_key = false;
    return true;
  }

  const std::string& name_;
  const JsonLimits& limits_;
  json root_;
  std::vector<Open> open_;
  std::size_t values_ = 0;
};

/// Reads the numbers of a nested list in order, as far as they are there: nothing is allocated from
/// the lengths of the first rows alone.
class ArrayReader {
 public:
  ArrayReader(const std::string& name, Shape shape) : name_(name), shape_(std::move(shape)) {}

  /// Recursion as deep as the shape's rank, at most 8.
  void read(const json& value, std::size_t axis, const std::string& pointer) {
    if (axis == shape_.size()) return read_number(value, pointer);
    if (!value.is_array()) {
      fail(pointer,
           fmt::format("expected a list of {}, found {}", shape_[axis], value.type_name()));
    }
    if (value.size() != shape_[axis]) {
      fail(pointer, fmt::format("expected a list of {} as in its first neighbour, found one of {}",
                                shape_[axis], value.size()));
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      // The pointer of a number is only spelled out for a message: most values are numbers.
      if (axis + 1 == shape_.size() && value[i].is_number() && is_in_range(value[i])) {
        values_.push_back(value[i].get<real>());
      } else {
        read(value[i], axis + 1, pointer + pointer_step(std::to_string(i)));
      }
    }
  }

  Array finish() const {
    if (checked_bytes(shape_, DType::f64, escaped(name_, 400) + ": JSON") !=
        values_.size() * sizeof(double)) {
      throw Error(ErrorKind::internal, "json_array(): count differs from shape");
    }
    Array out = empty(shape_);
    std::copy(values_.begin(), values_.end(), out.data());
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& pointer, const std::string& what) const {
    fail_at(name_, pointer, what, "rows must have the same length and hold numbers only");
  }
  static bool is_in_range(const json& value) { return std::isfinite(value.get<real>()); }
  void read_number(const json& value, const std::string& pointer) {
    if (!value.is_number())
      fail(pointer, fmt::format("expected a number, found {}", value.type_name()));
    if (!is_in_range(value)) fail(pointer, fmt::format("{} is out of range", value.get<double>()));
    values_.push_back(value.get<real>());
  }

  const std::string& name_;
  Shape shape_;
  std::vector<real> values_;
};

}  // namespace

json parse_json(std::string_view text, const std::string& name, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw Error(ErrorKind::limit, fmt::format("{}: JSON of {} bytes, the limit is {}",
                                              escaped(name, 400), text.size(), limits.bytes));
  }
  // The parser takes a NUL for the end and would not look behind it.
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: JSON, byte {}: a NUL byte", escaped(name, 400), nul + 1),
                "the document is damaged, cut or no JSON");
  }
  Builder builder(name, limits);
  // True unless an event returned false, which none does.
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    throw Error(ErrorKind::internal, "parse_json(): stopped without a reason");
  }
  return builder.take();
}

json read_json(const std::string& path, const JsonLimits& limits) {
  return parse_json(read_file(path, limits.bytes), path == "-" ? "standard input" : path, limits);
}

Array json_array(const json& value, const std::string& name) {
  Shape shape;
  const json* first = &value;
  while (first->is_array()) {
    if (shape.size() == 8) {
      fail_at(name, "", "lists nested more than 8 deep", "arrays here have at most 8 axes");
    }
    shape.push_back(first->size());
    if (first->empty()) break;
    first = &first->front();
  }
  ArrayReader reader(name, shape);
  reader.read(value, 0, "");
  return reader.finish();
}

}  // namespace attn
