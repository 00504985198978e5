#include "attn/render/json_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "attn/text/utf8.h"

namespace attn {

void JsonWriter::separate() {
  if (!first_) out_ += ',';
  if (line_) out_ += '\n';
  first_ = line_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  first_ = line_ = false;
}

void JsonWriter::key(std::string_view name) {
  text(name);
  out_ += ':';
  first_ = true;
}

void JsonWriter::text(std::string_view value) {
  separate();
  out_ += '"';
  for (const char c : with_valid_utf8(value)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", byte);
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

template <class T>
void JsonWriter::shortest(T value) {
  if (!std::isfinite(value)) {
    text(std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return;
  }
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::number(double value) { shortest(value); }
void JsonWriter::number(float value) { shortest(value); }

void JsonWriter::whole(long long value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::unsigned_whole(unsigned long long value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonWriter::values(const Array& values) {
  const Shape shape = shape_of(values);
  if (shape.empty()) {
    number(values.data()[0]);
    return;
  }
  if (values.size() == 0) {
    begin_array();
    end_array();
    return;
  }
  // Before number i a bracket opens for every axis that begins there; behind it the same in
  // reverse.
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t length = 1;
    std::size_t opening = 0, closing = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      length *= shape[axis];
      if (i % length == 0) ++opening;
      if ((i + 1) % length == 0) ++closing;
      if (i % length != 0 && (i + 1) % length != 0) break;
    }
    for (std::size_t k = 0; k < opening; ++k) begin_array();
    number(values.data()[i]);
    for (std::size_t k = 0; k < closing; ++k) end_array();
  }
}

}  // namespace attn
