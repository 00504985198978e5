#pragma once
// What the fuzz targets share: a property that does not hold ends the program.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "attn/core/array.h"
#include "attn/core/error.h"

namespace fuzz {

inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", property);
  std::abort();
}

/// Same shape, same bits; NaN equals NaN.
inline bool same(const attn::Array& a, const attn::Array& b) {
  if (attn::shape_of(a) != attn::shape_of(b)) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const attn::real x = a.data()[i], y = b.data()[i];
    if (std::memcmp(&x, &y, sizeof x) != 0 && !(x != x && y != y)) return false;
  }
  return true;
}

/// Runs a reader. Whatever it throws but attn::Error ends the program, and so does an Error that is
/// not a bad input or a limit, or whose message could not be printed as it is.
template <class Read>
void run(const Read& read) {
  try {
    read();
  } catch (const attn::Error& error) {
    require(error.kind() == attn::ErrorKind::bad_input || error.kind() == attn::ErrorKind::limit,
            "a reader's error is a bad input or a limit");
    const std::string_view message = error.what();
    require(message.size() < 4000, "messages are short");
    require(attn::escaped(message, message.size()) == message, "messages are printable");
  }
}

}  // namespace fuzz
