// Whatever is taken for a picture has one or three numbers per pixel, all of them from 0 to 1.
#include <algorithm>

#include "attn/io/picture.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool grey : {false, true}) {
    fuzz::run([&] {
      const attn::Array a = attn::parse_picture(bytes, "input", grey);
      fuzz::require(a.dimension() == 3 && a.size() > 0, "height, width, channels");
      fuzz::require(a.shape()[2] == 1 || (a.shape()[2] == 3 && !grey), "one or three channels");
      fuzz::require(std::all_of(a.begin(), a.end(), [](attn::real v) { return v >= 0 && v <= 1; }),
                    "numbers from 0 to 1");
    });
  }
  return 0;
}
