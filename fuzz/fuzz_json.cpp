// A document that was read is written and read back as the same; an array in it has as many numbers
// as its shape says.
#include <nlohmann/json.hpp>

#include "attn/io/json.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] {
    const nlohmann::json document = attn::parse_json(text, "input");
    // Our reader takes no more than the library's own, and takes it to mean the same.
    fuzz::require(document == nlohmann::json::parse(text), "same document");
    fuzz::require(document == attn::parse_json(document.dump(), "again"), "JSON round trip");
    const attn::Array a = attn::json_array(document, "input");
    fuzz::require(a.size() <= size, "no more numbers than bytes");
  });
  return 0;
}
