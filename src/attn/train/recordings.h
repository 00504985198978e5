#pragma once
// Sound as frames: phonemes with spectra of their own, speakers who shift them, and noise. What can
// be heard at best is known exactly.
#include <array>
#include <string>
#include <vector>

#include "attn/core/rng.h"

namespace attn {

/// Spoken by one of some speakers, 100 frames a second. A phoneme lasts 8 frames on average: after
/// each frame another one follows with the chance 1/8, all alike.
struct Recording {
  static constexpr std::size_t kBands = 16, kPhonemes = 10, kSpeakers = 4;
  static constexpr double kNoise = 0.3;     ///< standard deviation in each band
  static constexpr double kStay = 7.0 / 8;  ///< the same phoneme in the next frame

  std::size_t speaker = 0;
  std::vector<std::size_t> phonemes;  ///< (T)
  std::vector<float> frames;          ///< (T, bands)
};

const std::array<std::string, Recording::kPhonemes>& phoneme_names();

/// The loudness of a band without noise: two peaks (formants) of height 1, which the speaker moves
/// up or down by up to half a band.
double loudness(std::size_t phoneme, std::size_t speaker, std::size_t band);

Recording draw_recording(Rng& rng, std::size_t length);

/// What can be known of a recording by who knows all of the above.
struct Heard {
  std::array<double, Recording::kSpeakers> speaker{};                ///< P(speaker | frames)
  std::vector<std::array<double, Recording::kPhonemes>> phonemes{};  ///< P(phoneme at t | frames)
};

/// Exactly, by Bayes' rule: forward-backward over the phonemes (Rabiner 1989, "A tutorial on hidden
/// Markov models", equations 19 to 27) for each speaker, weighted by what each makes of the frames.
Heard hear(const std::vector<float>& frames);

/// The best that can be expected: of each recording exactly, the mean over recordings is a
/// sample's.
struct BestHearing {
  std::size_t recordings = 0;
  double phoneme_accuracy = 0, phoneme_loss = 0, speaker_accuracy = 0, speaker_loss = 0;
  double phoneme_error = 0, speaker_error = 0;  ///< standard errors of the accuracies
};

/// For recordings of `length` frames; the sample is always the same one.
BestHearing best_hearing(std::size_t length);

}  // namespace attn
