#include "attn/io/sound.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "attn/core/error.h"

namespace attn {
namespace {

[[noreturn]] void fail_sound(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name, 400), what),
              "save the recording again as WAV");
}

/// The bytes as libsndfile reads a file.
struct SoundBytes {
  std::string_view bytes;
  sf_count_t at = 0;
};

sf_count_t sound_length(void* data) {
  return static_cast<sf_count_t>(static_cast<SoundBytes*>(data)->bytes.size());
}
sf_count_t sound_seek(sf_count_t offset, int whence, void* data) {
  auto* sound = static_cast<SoundBytes*>(data);
  const sf_count_t from = whence == SEEK_CUR   ? sound->at
                          : whence == SEEK_END ? sound_length(data)
                                               : 0;
  sound->at = std::clamp<sf_count_t>(from + offset, 0, sound_length(data));
  return sound->at;
}
sf_count_t sound_read(void* to, sf_count_t count, void* data) {
  auto* sound = static_cast<SoundBytes*>(data);
  const sf_count_t taken = std::clamp<sf_count_t>(count, 0, sound_length(data) - sound->at);
  std::memcpy(to, sound->bytes.data() + sound->at, static_cast<std::size_t>(taken));
  sound->at += taken;
  return taken;
}
sf_count_t sound_tell(void* data) { return static_cast<SoundBytes*>(data)->at; }

/// What the header of a WAV file promises of its samples, in bytes; 0 if it does not say.
/// libsndfile reads what is there and does not mind what is missing.
std::size_t wav_missing(std::string_view bytes) {
  if (!bytes.starts_with("RIFF") || bytes.size() < 12) return 0;
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at + 4, 4);
    if (bytes.substr(at, 4) == "data") {
      const std::size_t there = bytes.size() - at - 8;
      // A recorder that was killed leaves the size open.
      return size == 0xFFFFFFFF || size <= there ? 0 : size - there;
    }
    at += 8 + std::size_t{size} + size % 2;
  }
  return 0;
}

}  // namespace

Sound parse_sound(std::string_view bytes, const std::string& name) {
  if (const std::size_t missing = wav_missing(bytes); missing > 0)
    fail_sound(name, fmt::format("the file is cut: {} bytes of its samples are missing", missing));
  SoundBytes source{bytes};
  SF_VIRTUAL_IO io{sound_length, sound_seek, sound_read, nullptr, sound_tell};
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(
      sf_open_virtual(&io, SFM_READ, &info, &source), sf_close);
  if (!file) {
    fail_sound(name, bytes.empty() ? std::string("the file is empty")
                                   : fmt::format("expected a recording (WAV, FLAC, Ogg): {}",
                                                 escaped(sf_strerror(nullptr), 100)));
  }
  if (info.channels < 1 || info.channels > 64 || info.samplerate < 1 || info.samplerate > 1000000)
    fail_sound(name, fmt::format("{} channels at {} Hz", info.channels, info.samplerate));
  const auto channels = static_cast<std::size_t>(info.channels);
  constexpr std::size_t kPart = 4096;
  std::vector<float> part(kPart * channels);
  std::vector<real> samples;
  for (;;) {  // as much as there is, whatever the header says
    const sf_count_t frames = sf_readf_float(file.get(), part.data(), kPart);
    if (frames <= 0) break;
    if (samples.size() + static_cast<std::size_t>(frames) > kMostSamples) {
      throw Error(ErrorKind::limit,
                  fmt::format("{}: more than {} samples", escaped(name, 400), kMostSamples),
                  "cut the recording into pieces");
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(frames); ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += double{part[i * channels + c]};
      if (!std::isfinite(sum))
        fail_sound(name, fmt::format("sample {} is no number", samples.size()));
      samples.push_back(static_cast<real>(sum / double(channels)));
    }
  }
  if (sf_error(file.get()) != SF_ERR_NO_ERROR) {
    fail_sound(name, fmt::format("damaged after sample {}: {}", samples.size(),
                                 escaped(sf_strerror(file.get()), 100)));
  }
  if (samples.empty()) fail_sound(name, "the recording has no samples");
  if (info.frames > 0 && info.frames < SF_COUNT_MAX &&
      samples.size() < static_cast<std::size_t>(info.frames)) {
    fail_sound(name, fmt::format("the file is cut: {} of {} samples are there", samples.size(),
                                 info.frames));
  }
  Array out = empty({samples.size()});
  std::copy(samples.begin(), samples.end(), out.data());
  return {std::move(out), static_cast<double>(info.samplerate)};
}

}  // namespace attn
