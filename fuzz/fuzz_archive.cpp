// Whatever an archive holds, it is unpacked within its allowance, and no name leads elsewhere.
#include "app/homework/archive.h"
#include "properties.h"

namespace {

/// Bytes of all files in it.
std::size_t bytes_of(const attn::app::homework::Packed& at) {
  std::size_t sum = at.bytes.size();
  for (const auto& [name, inside] : at.inside) {
    fuzz::require(!name.empty() && name != "." && name != "..", "a name of something");
    fuzz::require(name.find('/') == std::string::npos, "a name is no path");
    sum += bytes_of(inside);
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] {
    attn::app::homework::Allowance allowance("input", size, nullptr);
    const auto root = attn::app::homework::unpacked(bytes, "input", allowance);
    fuzz::require(bytes_of(root) <= allowance.most(), "within the allowance");
  });
  return 0;
}
