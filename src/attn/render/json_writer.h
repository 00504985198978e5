#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "attn/core/array.h"

namespace attn {

/// Appends JSON to a string, with the commas in their places. Whoever uses it keeps the order:
/// begin_object, key, value, ..., end_object.
class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void key(std::string_view name);
  /// A string with valid UTF-8, whatever the bytes were.
  void text(std::string_view value);
  /// Shortest digits that read back the same; "inf", "-inf" or "nan" where JSON has no number.
  void number(double value);
  void number(float value);
  void whole(long long value);
  void unsigned_whole(unsigned long long value);
  void boolean(bool value);
  /// The numbers as arrays in arrays.
  void values(const Array& values);
  /// A line break before the next element, so that people can read the file too.
  void new_line() { line_ = true; }

  std::string take() { return std::move(out_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  template <class T>
  void shortest(T value);

  std::string out_;
  bool first_ = true;
  bool line_ = false;
};

}  // namespace attn
