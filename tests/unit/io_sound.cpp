#include <doctest/doctest.h>
#include <sndfile.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/sound.h"
#include "io_support.h"

using attn::Error;
using attn::parse_sound;
using attn::Sound;
using io_test::check_bad_seeds;

namespace {

Sound seed(const std::string& name) {
  return parse_sound(io_test::seed_bytes("sound", name), name);
}

constexpr double kSamples[] = {0, 0.5, -0.5, 0.25, -0.25, 0.75, -0.75, -1};

/// Half a second of a tone, written by libsndfile as this format.
std::string written(int format) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("attn-sound-" + std::to_string(getpid())))
          .string();
  SF_INFO info{};
  info.samplerate = 8000;
  info.channels = 2;
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  REQUIRE(file);
  for (int i = 0; i < 4000; ++i) {
    const float both[] = {0.6f * std::sin(0.2f * static_cast<float>(i)), 0};
    sf_writef_float(file, both, 1);
  }
  sf_close(file);
  std::string bytes = attn::read_file(path);
  std::filesystem::remove(path);
  return bytes;
}

}  // namespace

TEST_CASE("sound: the same samples at every number of bits, and from six channels") {
  const std::pair<const char*, double> files[] = {
      {"good-8-bit", 8000},   {"good-16-bit", 16000}, {"good-24-bit", 44100},
      {"good-32-bit", 96000}, {"good-float", 8000},   {"good-6-channels", 8000}};
  for (const auto& [name, rate] : files) {
    INFO(name);
    const Sound sound = seed(name);
    CHECK(sound.rate == rate);
    REQUIRE(sound.samples.size() == std::size(kSamples));
    for (std::size_t i = 0; i < std::size(kSamples); ++i)
      CHECK(double{sound.samples.data()[i]} == doctest::Approx(kSamples[i]).epsilon(1e-6));
  }
}

TEST_CASE("sound: FLAC and Ogg are read, two channels mixed to their mean") {
  const std::pair<int, double> formats[] = {{SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1e-4},
                                            {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.05}};
  for (const auto& [format, near] : formats) {
    const Sound sound = parse_sound(written(format), "tone");
    CHECK(sound.rate == 8000);
    REQUIRE(sound.samples.size() == 4000);
    for (std::size_t i = 500; i < 3500; ++i)
      CHECK(std::abs(double{sound.samples.data()[i]} - 0.3 * std::sin(0.2 * double(i))) < near);
  }
}

TEST_CASE("sound: every error names the file and says what to do") {
  check_bad_seeds("sound", seed);
}

TEST_CASE("sound: a file that is cut is refused, never read in part") {
  for (const std::string& bytes :
       {io_test::seed_bytes("sound", "good-16-bit"), written(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)}) {
    for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 100)
      CHECK_THROWS_AS(parse_sound(bytes.substr(0, length), "cut"), Error);
  }
}
