// Tensors that were read lie inside the file and are written and read back with the same bits.
#include "attn/io/safetensors.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] {
    const attn::SafetensorsHeader header = attn::parse_safetensors_header(bytes, "input");
    for (const attn::SafetensorsEntry& entry : header.entries) {
      fuzz::require(entry.begin <= entry.end && entry.end <= size, "tensors within the file");
    }
    const attn::SafetensorsFile file = attn::parse_safetensors(bytes, "input");
    fuzz::require(file.tensors.size() == header.entries.size(), "every entry is a tensor");
    const attn::SafetensorsFile again =
        attn::parse_safetensors(attn::safetensors_bytes(file.tensors, file.metadata), "again");
    fuzz::require(again.metadata == file.metadata, "metadata round trip");
    fuzz::require(again.nan_count == file.nan_count && again.infinity_count == file.infinity_count,
                  "same counts");
    attn::check_tensors(attn::shapes_of(file), attn::shapes_of(again), "again");
    for (const attn::NamedArray& tensor : file.tensors) {
      for (const attn::NamedArray& other : again.tensors) {
        if (other.name == tensor.name) {
          fuzz::require(fuzz::same(other.values, tensor.values), "tensor round trip");
        }
      }
    }
  });
  return 0;
}
