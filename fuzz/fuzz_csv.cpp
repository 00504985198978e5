// A table that was read is written and read back with the same bits; the same text as a typed
// matrix; and any bytes, escaped, are printable.
#include <algorithm>

#include "attn/io/csv.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [&](const attn::Array& a) {
    fuzz::require(a.dimension() == 2 && a.size() > 0 && a.size() <= size,
                  "a matrix within the text");
    const std::string written = attn::csv_text(a);
    fuzz::require(fuzz::same(attn::parse_csv(written, "again"), a), "CSV round trip");
    fuzz::require(fuzz::same(attn::parse_matrix_text(written, "again"), a), "typed round trip");
  };
  fuzz::run([&] { check(attn::parse_csv(text, "input")); });
  fuzz::run([&] { check(attn::parse_matrix_text(text, "input")); });
  const std::string shown = attn::escaped(text, size);
  fuzz::require(
      std::none_of(shown.begin(), shown.end(), [](unsigned char c) { return c < 32 || c == 127; }),
      "no control characters");
  fuzz::require(attn::escaped(shown, shown.size()) == shown, "escaping twice changes nothing");
  return 0;
}
