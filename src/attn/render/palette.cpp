#include "attn/render/palette.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace attn {

namespace {

/// A colour in OKLab (B. Ottosson, 2020): equal distances look equally far.
struct Lab {
  double l, a, b;
};

/// Lightness, colourfulness, hue in degrees.
Lab lab(double lightness, double chroma, double hue) {
  const double angle = hue * std::numbers::pi / 180;
  return {lightness, chroma * std::cos(angle), chroma * std::sin(angle)};
}

Lab mix(const Lab& x, const Lab& y, double t) {
  return {x.l + (y.l - x.l) * t, x.a + (y.a - x.a) * t, x.b + (y.b - x.b) * t};
}

std::uint8_t channel(double linear) {
  const double x = std::clamp(linear, 0.0, 1.0);
  const double s = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * s));
}

Rgb rgb(const Lab& c) {
  const double l = std::pow(c.l + 0.3963377774 * c.a + 0.2158037573 * c.b, 3);
  const double m = std::pow(c.l - 0.1055613458 * c.a - 0.0638541728 * c.b, 3);
  const double s = std::pow(c.l - 0.0894841775 * c.a - 1.2914855480 * c.b, 3);
  return {channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          channel(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

// Lightness grows by the same amount from anchor to anchor.
const std::array<Lab, 5> kSequential{lab(0.26, 0.10, 285), lab(0.42, 0.11, 255),
                                     lab(0.58, 0.10, 210), lab(0.74, 0.14, 155),
                                     lab(0.90, 0.17, 105)};
const Lab kWhite = lab(0.97, 0.0, 0), kBlue = lab(0.50, 0.17, 260), kRed = lab(0.50, 0.18, 25);
constexpr Rgb kNan{200, 200, 200}, kMasked{120, 120, 125};

constexpr std::array<int, 6> kCube{0, 95, 135, 175, 215, 255};

double to_linear(std::uint8_t v) {
  const double s = v / 255.0;
  return s <= 0.04045 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4);
}

Lab to_lab(Rgb c) {
  const double r = to_linear(c.r), g = to_linear(c.g), b = to_linear(c.b);
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
          1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

/// The colours 16 to 255 of xterm in OKLab.
const std::array<Lab, 240>& xterm_labs() {
  static const std::array<Lab, 240> labs = [] {
    std::array<Lab, 240> out;
    for (int i = 0; i < 240; ++i) out[static_cast<std::size_t>(i)] = to_lab(xterm_rgb(i + 16));
    return out;
  }();
  return labs;
}

double luminance(Rgb c) {
  return 0.2126 * to_linear(c.r) + 0.7152 * to_linear(c.g) + 0.0722 * to_linear(c.b);
}

}  // namespace

Rgb sequential_color(double t) {
  const double at = std::clamp(t, 0.0, 1.0) * (kSequential.size() - 1);
  const std::size_t i = std::min<std::size_t>(static_cast<std::size_t>(at), kSequential.size() - 2);
  return rgb(mix(kSequential[i], kSequential[i + 1], at - static_cast<double>(i)));
}

Rgb diverging_color(double t) {
  return rgb(mix(kWhite, t < 0 ? kBlue : kRed, std::min(std::abs(t), 1.0)));
}

double contrast(Rgb a, Rgb b) {
  const auto [dark, light] = std::minmax({luminance(a), luminance(b)});
  return (light + 0.05) / (dark + 0.05);
}

Rgb text_color(Rgb background) {
  constexpr Rgb kBlack{0, 0, 0}, kPaper{255, 255, 255};
  return contrast(background, kBlack) >= contrast(background, kPaper) ? kBlack : kPaper;
}

int xterm_color(Rgb color) {
  // Hue counts more than lightness: else dark blues turn grey.
  constexpr double kHue = 3;
  const Lab wanted = to_lab(color);
  int best = 0;
  double nearest = 1e9;
  for (int i = 0; i < 240; ++i) {
    const Lab& c = xterm_labs()[static_cast<std::size_t>(i)];
    const double l = c.l - wanted.l, a = c.a - wanted.a, b = c.b - wanted.b;
    const double distance = l * l + kHue * (a * a + b * b);
    if (distance < nearest) {
      nearest = distance;
      best = i;
    }
  }
  return best + 16;
}

Rgb xterm_rgb(int index) {
  if (index >= 232) {
    const auto v = static_cast<std::uint8_t>(8 + 10 * (index - 232));
    return {v, v, v};
  }
  const int i = index - 16;
  return {static_cast<std::uint8_t>(kCube[i / 36]), static_cast<std::uint8_t>(kCube[i / 6 % 6]),
          static_cast<std::uint8_t>(kCube[i % 6])};
}

std::string hex(Rgb color) { return fmt::format("#{:02x}{:02x}{:02x}", color.r, color.g, color.b); }

double Scale::reach() const { return std::max(std::abs(low), std::abs(high)); }

double Scale::place(double value) const {
  if (std::isnan(value)) return 0;
  if (std::isinf(value)) return value > 0 ? 1 : negative ? -1 : 0;
  const double end = reach();
  return end > 0 ? value / end : 0;
}

Rgb Scale::color(double value) const {
  if (std::isnan(value)) return kNan;
  if (std::isinf(value) && value < 0) return kMasked;
  return negative ? diverging_color(place(value)) : sequential_color(place(value));
}

Scale scale_of(std::span<const real> values) {
  Scale scale;
  for (const real v : values) {
    scale.infinite = scale.infinite || std::isinf(v);
    if (!std::isfinite(v)) continue;
    scale.low = scale.any ? std::min<double>(scale.low, v) : v;
    scale.high = scale.any ? std::max<double>(scale.high, v) : v;
    scale.any = true;
  }
  scale.negative = scale.low < 0;
  return scale;
}

std::string_view shade(double place, bool unicode) {
  static constexpr std::array<std::string_view, 5> kBlocks{" ", "░", "▒", "▓", "█"};
  static constexpr std::array<std::string_view, 5> kAscii{" ", ".", ":", "*", "#"};
  const double t = std::min(std::abs(place), 1.0);
  // A tenth of the largest is still blank; the other levels share the rest.
  const std::size_t level =
      t < 0.1 ? 0 : std::min<std::size_t>(1 + static_cast<std::size_t>((t - 0.1) / 0.225), 4);
  return unicode ? kBlocks[level] : kAscii[level];
}

}  // namespace attn
