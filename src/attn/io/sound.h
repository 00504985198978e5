#pragma once
#include <string>
#include <string_view>

#include "attn/core/array.h"

namespace attn {

/// The most samples of one channel that are read: six minutes at 96 kHz.
inline constexpr std::size_t kMostSamples = std::size_t{1} << 25;

/// A recording: samples (s) from -1 to 1, several channels mixed to their mean, and how many of
/// them there are in a second (Hz).
struct Sound {
  Array samples;
  double rate = 0;
};

/// The recording in the bytes of a WAV, FLAC or Ogg file, of any number of bits and channels.
/// `name` (the path) begins every message. Throws Error(bad_input) for another format, a file that
/// is cut or damaged, without samples, or with numbers that are none; Error(limit) beyond
/// kMostSamples.
Sound parse_sound(std::string_view bytes, const std::string& name);

}  // namespace attn
