// An array that was read is written and read back with the same bits.
#include "attn/io/npy.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] {
    const attn::Array a = attn::parse_npy(bytes, "input");
    fuzz::require(a.size() <= size, "no more numbers than bytes");
    fuzz::require(fuzz::same(attn::parse_npy(attn::npy_bytes(a), "again"), a), "NPY round trip");
  });
  return 0;
}
