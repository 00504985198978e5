#include "attn/train/recordings.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "attn/train/best_guess.h"

namespace attn {

namespace {

using Phonemes = std::array<double, Recording::kPhonemes>;

constexpr double kChange = (1 - Recording::kStay) / (Recording::kPhonemes - 1);  // to one other
constexpr double kPeakWidth = 1.2;                                               // of a peak
// The lower and the upper peak of each phoneme, in bands.
constexpr std::array<std::array<double, 2>, Recording::kPhonemes> kPeaks = {{{5, 8},
                                                                             {3.5, 10.5},
                                                                             {2, 12.5},
                                                                             {3.5, 6.5},
                                                                             {2, 5.5},
                                                                             {1.5, 8},
                                                                             {1.5, 10},
                                                                             {11.5, 14},
                                                                             {9, 13},
                                                                             {2.5, 9}}};

/// All spectra, (speaker, phoneme, band).
const std::vector<double>& spectra() {
  static const std::vector<double> all = [] {
    std::vector<double> values;
    for (std::size_t s = 0; s < Recording::kSpeakers; ++s) {
      for (std::size_t p = 0; p < Recording::kPhonemes; ++p) {
        for (std::size_t b = 0; b < Recording::kBands; ++b) values.push_back(loudness(p, s, b));
      }
    }
    return values;
  }();
  return all;
}

/// Scales to a sum of 1; what they were.
double normalize(Phonemes& chances) {
  double sum = 0;
  for (const double chance : chances) sum += chance;
  for (double& chance : chances) chance /= sum;
  return sum;
}

/// P(frame t | phoneme, speaker), (T, speaker, phoneme), up to one factor for each frame.
std::vector<double> likelihoods(const std::vector<float>& frames) {
  constexpr std::size_t kAll = Recording::kSpeakers * Recording::kPhonemes,
                        bands = Recording::kBands;
  std::vector<double> out(frames.size() / bands * kAll);
  for (std::size_t t = 0; t * kAll < out.size(); ++t) {
    double* row = out.data() + t * kAll;
    for (std::size_t k = 0; k < kAll; ++k) {
      double squares = 0;
      for (std::size_t b = 0; b < bands; ++b) {
        const double off = double{frames[t * bands + b]} - spectra()[k * bands + b];
        squares += off * off;
      }
      row[k] = -squares / (2 * Recording::kNoise * Recording::kNoise);
    }
    const double largest = *std::max_element(row, row + kAll);
    for (std::size_t k = 0; k < kAll; ++k) row[k] = std::exp(row[k] - largest);
  }
  return out;
}

/// Forward-backward for one speaker: the phonemes' chances at each frame, and log P(frames).
double one_speaker(const std::vector<double>& likely, std::size_t speaker,
                   std::vector<Phonemes>& out) {
  const std::size_t length = out.size();
  const auto at = [&](std::size_t t, std::size_t p) {
    return likely[(t * Recording::kSpeakers + speaker) * Recording::kPhonemes + p];
  };
  // 1. forward: P(phoneme at t | frames up to t)
  double evidence = 0;
  for (std::size_t t = 0; t < length; ++t) {
    for (std::size_t p = 0; p < Recording::kPhonemes; ++p) {
      const double before = t == 0
                                ? 1.0 / Recording::kPhonemes
                                : Recording::kStay * out[t - 1][p] + kChange * (1 - out[t - 1][p]);
      out[t][p] = before * at(t, p);
    }
    evidence += std::log(normalize(out[t]));
  }
  // 2. backward: times P(frames behind t | phoneme at t)
  Phonemes behind;
  behind.fill(1);
  for (std::size_t t = length - 1; t-- > 0;) {
    double all = 0;
    for (std::size_t p = 0; p < Recording::kPhonemes; ++p) all += behind[p] *= at(t + 1, p);
    for (double& chance : behind) chance = Recording::kStay * chance + kChange * (all - chance);
    normalize(behind);
    for (std::size_t p = 0; p < Recording::kPhonemes; ++p) out[t][p] *= behind[p];
    normalize(out[t]);
  }
  return evidence;
}

BestHearing sample(std::size_t length) {
  constexpr std::size_t kFrames = 30'000;  // a tenth of a second
  BestHearing best;
  best.recordings = std::clamp<std::size_t>(kFrames / length, 8, 1000);
  Rng rng = Rng(0).stream("best hearing");
  const auto count = static_cast<double>(best.recordings);
  double phoneme_squares = 0, speaker_squares = 0;
  for (std::size_t i = 0; i < best.recordings; ++i) {
    const Heard heard = hear(draw_recording(rng, length).frames);
    double right = 0, loss = 0;
    for (const Phonemes& frame : heard.phonemes) {
      right += *std::max_element(frame.begin(), frame.end()) / static_cast<double>(length);
      loss += entropy({frame.begin(), frame.end()}) / static_cast<double>(length);
    }
    const double who = *std::max_element(heard.speaker.begin(), heard.speaker.end());
    best.phoneme_accuracy += right / count;
    best.phoneme_loss += loss / count;
    best.speaker_accuracy += who / count;
    best.speaker_loss += entropy({heard.speaker.begin(), heard.speaker.end()}) / count;
    phoneme_squares += right * right / count;
    speaker_squares += who * who / count;
  }
  const auto error = [&](double squares, double mean) {
    return std::sqrt(std::max(0.0, squares - mean * mean) / count);
  };
  best.phoneme_error = error(phoneme_squares, best.phoneme_accuracy);
  best.speaker_error = error(speaker_squares, best.speaker_accuracy);
  return best;
}

}  // namespace

const std::array<std::string, Recording::kPhonemes>& phoneme_names() {
  static const std::array<std::string, Recording::kPhonemes> names = {"a", "e", "i", "o", "u",
                                                                      "m", "n", "s", "f", "l"};
  return names;
}

double loudness(std::size_t phoneme, std::size_t speaker, std::size_t band) {
  const double moved = 0.5 * (2.0 * double(speaker) / (Recording::kSpeakers - 1) - 1);
  double sum = 0;
  for (const double peak : kPeaks[phoneme]) {
    const double off = (double(band) - peak - moved) / kPeakWidth;
    sum += std::exp(-off * off / 2);
  }
  return sum;
}

Recording draw_recording(Rng& rng, std::size_t length) {
  Recording r;
  r.speaker = rng.below(Recording::kSpeakers);
  std::size_t phoneme = rng.below(Recording::kPhonemes);
  for (std::size_t t = 0; t < length; ++t) {
    if (t > 0 && rng.uniform() >= Recording::kStay)
      phoneme = (phoneme + 1 + rng.below(Recording::kPhonemes - 1)) % Recording::kPhonemes;
    r.phonemes.push_back(phoneme);
    for (std::size_t b = 0; b < Recording::kBands; ++b) {
      const double clean =
          spectra()[(r.speaker * Recording::kPhonemes + phoneme) * Recording::kBands + b];
      r.frames.push_back(static_cast<float>(clean + Recording::kNoise * rng.normal()));
    }
  }
  return r;
}

Heard hear(const std::vector<float>& frames) {
  const std::size_t length = frames.size() / Recording::kBands;
  const std::vector<double> likely = likelihoods(frames);
  std::array<std::vector<Phonemes>, Recording::kSpeakers> of_speaker;
  Heard heard;
  for (std::size_t s = 0; s < Recording::kSpeakers; ++s) {
    of_speaker[s].resize(length);
    heard.speaker[s] = one_speaker(likely, s, of_speaker[s]);
  }
  const double largest = *std::max_element(heard.speaker.begin(), heard.speaker.end());
  double sum = 0;
  for (double& chance : heard.speaker) sum += chance = std::exp(chance - largest);
  for (double& chance : heard.speaker) chance /= sum;
  heard.phonemes.resize(length, Phonemes{});
  for (std::size_t t = 0; t < length; ++t) {
    for (std::size_t s = 0; s < Recording::kSpeakers; ++s) {
      for (std::size_t p = 0; p < Recording::kPhonemes; ++p)
        heard.phonemes[t][p] += heard.speaker[s] * of_speaker[s][t][p];
    }
  }
  return heard;
}

BestHearing best_hearing(std::size_t length) {
  static std::mutex mutex;
  static std::map<std::size_t, BestHearing> known;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = known.try_emplace(length);
  if (is_new) at->second = sample(length);
  return at->second;
}

}  // namespace attn
