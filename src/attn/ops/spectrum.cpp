#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

#include "attn/ops/op.h"

namespace attn {

namespace {

using Complex = std::complex<double>;

/// The discrete Fourier transform in place, of a power of two of numbers (Cooley and Tukey 1965).
/// In double: a weak band beside a strong one would drown in the rounding of floats, and Debian's
/// FFT libraries whose licence fits compute in float.
void fourier(std::vector<Complex>& x) {
  const std::size_t n = x.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {  // the order of the bits, turned around
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (std::size_t length = 2; length <= n; length *= 2) {
    const Complex turn = std::polar(1.0, -2 * std::numbers::pi / double(length));
    for (std::size_t begin = 0; begin < n; begin += length) {
      Complex w = 1;
      for (std::size_t i = begin; i < begin + length / 2; ++i, w *= turn) {
        const Complex even = x[i], odd = x[i + length / 2] * w;
        x[i] = even + odd;
        x[i + length / 2] = even - odd;
      }
    }
  }
}

double mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double hertz(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

/// Where the bands' triangles begin, peak and end: bands + 2 frequencies, equally far apart in mel.
std::vector<double> corners(double rate, std::size_t bands) {
  std::vector<double> out(bands + 2);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = hertz(mel(rate / 2) * double(i) / double(bands + 1));
  return out;
}

struct Bands {
  std::size_t window, transform;  ///< N: numbers that are transformed
  std::vector<double> hann;
  double hann_sum = 0;
  struct Weight {
    std::size_t frequency;
    double weight;
  };
  std::vector<std::vector<Weight>> of;  ///< for each band the frequencies in it

  Bands(std::size_t window_length, double rate, std::size_t bands)
      : window(window_length), transform(std::bit_ceil(window_length)), of(bands) {
    for (std::size_t t = 0; t < window; ++t) {
      hann.push_back((1 - std::cos(2 * std::numbers::pi * double(t) / double(window))) / 2);
      hann_sum += hann.back();
    }
    const std::vector<double> at = corners(rate, bands);
    for (std::size_t b = 0; b < bands; ++b) {
      for (std::size_t f = 0; f <= transform / 2; ++f) {
        const double here = double(f) * rate / double(transform);
        const double weight = std::min((here - at[b]) / (at[b + 1] - at[b]),
                                       (at[b + 2] - here) / (at[b + 2] - at[b + 1]));
        if (weight > 0) of[b].push_back({f, weight});
      }
      if (!of[b].empty()) continue;
      throw Error(ErrorKind::usage,
                  fmt::format("{} bands are too many for a window of {} samples: no frequency lies "
                              "between {:.0f} and {:.0f} Hz",
                              bands, window, at[b], at[b + 2]),
                  "take fewer bands, or a longer window");
    }
  }
  /// The energy at each frequency of one frame.
  std::vector<double> energies(const real* frame) const {
    std::vector<Complex> x(transform);
    for (std::size_t t = 0; t < window; ++t) x[t] = hann[t] * double{frame[t]};
    fourier(x);
    std::vector<double> out(transform / 2 + 1);
    for (std::size_t f = 0; f < out.size(); ++f) out[f] = std::norm(x[f]) / (hann_sum * hann_sum);
    return out;
  }
  double energy(const std::vector<double>& energies, std::size_t band) const {
    double sum = 0;
    for (const Weight& w : of[band]) sum += w.weight * energies[w.frequency];
    return sum;
  }
};

constexpr double kSilence = 1e-8;  // -80 dB: what is softer is as good as nothing

/// -1 for silence, 1 for the loudest: numbers of the size that layers like.
double loudness(double energy) { return 1 + std::log10(kSilence + energy) / 4; }

}  // namespace

std::vector<double> band_middles(double rate, std::size_t bands) {
  const std::vector<double> all = corners(rate, bands);
  return {all.begin() + 1, all.end() - 1};
}

Tensor spectrum(const Run& run, const Tensor& x, double rate, std::size_t bands) {
  const Shape shape = x.shape();
  if (shape.size() != 2 || shape[1] < 2) {
    throw Error(ErrorKind::bad_input,
                fmt::format("spectrum: frames have shape {}, expected (n, window), a window of at "
                            "least 2 samples",
                            to_string(shape)),
                "");
  }
  const Bands all(shape[1], rate, bands);
  Array out = empty({shape[0], bands});
  for (std::size_t i = 0; i < shape[0]; ++i) {
    const std::vector<double> energies = all.energies(x.value().data() + i * shape[1]);
    for (std::size_t b = 0; b < bands; ++b)
      out(i, b) = static_cast<real>(loudness(all.energy(energies, b)));
  }
  Tensor y = make_result({}, std::move(out), {x});

  if (run.trace) {
    const double n = double(all.transform);
    run.trace->made(
        y, {"spectrum", {x}, double(shape[0]) * (5 * n * std::log2(n) + 3 * n), [=](std::size_t i) {
              const std::size_t frame = i / bands, b = i % bands;
              const std::vector<double> at = corners(rate, bands);
              const std::vector<double> energies =
                  all.energies(x.value().data() + frame * all.window);
              const double energy = all.energy(energies, b);
              Reason reason{
                  fmt::format("the logarithm of the energy between {:.0f} and {:.0f} Hz, most at "
                              "{:.0f} Hz, of the {} samples of frame {}",
                              at[b], at[b + 2], at[b + 1], all.window, frame),
                  {},
                  loudness(energy)};
              return reason.text(fmt::format("1 + log10({:g} + {:.6g}) / 4", kSilence, energy));
            }});
  }
  return y;
}

}  // namespace attn
