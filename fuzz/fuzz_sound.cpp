// Whatever is taken for a recording has samples, all of them numbers, and a rate.
#include <algorithm>
#include <cmath>

#include "attn/io/sound.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] {
    const attn::Sound sound = attn::parse_sound(bytes, "input");
    fuzz::require(sound.samples.dimension() == 1 && sound.samples.size() > 0, "samples");
    fuzz::require(sound.rate >= 1, "a rate");
    fuzz::require(std::all_of(sound.samples.begin(), sound.samples.end(),
                              [](attn::real v) { return std::isfinite(v); }),
                  "samples are numbers");
  });
  return 0;
}
