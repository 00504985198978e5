#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "attn/core/array.h"

namespace attn {

/// A colour of a screen (sRGB).
struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

/// Dark blue, teal, green, yellow for t from 0 to 1: each step looks equally large (OKLab), and the
/// map stays readable in grey.
Rgb sequential_color(double t);
/// Blue for -1, white for 0, red for 1, equally strong on both sides.
Rgb diverging_color(double t);

/// Contrast of two colours after WCAG 2: from 1 to 21.
double contrast(Rgb a, Rgb b);
/// Black or white, whichever reads better on `background`; the contrast is at least 4.5.
Rgb text_color(Rgb background);

/// The nearest of the 256 colours of xterm (16 to 255), and what it looks like.
int xterm_color(Rgb color);
Rgb xterm_rgb(int index);

/// "#1a2b3c".
std::string hex(Rgb color);

/// From the numbers of one matrix to a place on a colour map. Numbers from 0 up: 0 to the largest;
/// signed ones: symmetric about 0. Infinite numbers and NaN do not stretch the scale.
struct Scale {
  double low = 0, high = 0;  ///< smallest and largest finite number
  bool negative = false;     ///< there are numbers below 0: use the diverging map
  bool any = false;          ///< there is a finite number
  bool infinite = false;     ///< there is an infinite number

  /// All finite numbers are the same: shading them says nothing.
  bool flat() const { return !any || low == high; }
  /// A heat map of these numbers shows something: they differ, or some are masked.
  bool telling() const { return !flat() || (any && infinite); }
  /// The magnitude at the end of the map.
  double reach() const;
  /// 0 to 1, or -1 to 1 if `negative`. Infinite numbers are at the ends.
  double place(double value) const;
  /// NaN is light grey and -inf (masked) a darker one.
  Rgb color(double value) const;
};

Scale scale_of(std::span<const real> values);

/// A character that is darker the larger |place| is: " ░▒▓█", or " .:*#" in ASCII.
std::string_view shade(double place, bool unicode);

}  // namespace attn
