#include "attn/render/palette.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace attn;

TEST_CASE("palette: text on any colour of the maps has a contrast of at least 4.5") {
  for (int i = -100; i <= 100; ++i) {
    for (const Rgb color : {sequential_color(i / 100.0), diverging_color(i / 100.0)}) {
      CHECK(contrast(color, text_color(color)) >= 4.5);
      const Rgb near = xterm_rgb(xterm_color(color));
      CHECK(contrast(near, text_color(near)) >= 4.5);
    }
  }
}

TEST_CASE("palette: the sequential map becomes lighter at every step") {
  const auto light = [](double t) { return contrast(sequential_color(t), Rgb{0, 0, 0}); };
  for (int i = 1; i <= 50; ++i) CHECK(light(i / 50.0) > light((i - 1) / 50.0));
}

TEST_CASE("palette: 0 is white between blue and red") {
  const Rgb zero = diverging_color(0), low = diverging_color(-1), high = diverging_color(1);
  CHECK(zero.r == zero.b);
  CHECK(zero.r > 230);
  CHECK(low.b > low.r);
  CHECK(high.r > high.b);
}

TEST_CASE("palette: the 256 colours of xterm keep a colour they have") {
  for (int i = 16; i < 256; ++i) CHECK(xterm_rgb(xterm_color(xterm_rgb(i))) == xterm_rgb(i));
}

TEST_CASE("palette: infinite numbers and NaN do not stretch the scale") {
  const real inf = std::numeric_limits<real>::infinity();
  const std::vector<real> values{0, 2, -inf, inf, std::nanf("")};
  const Scale scale = scale_of(values);
  CHECK(scale.low == 0);
  CHECK(scale.high == 2);
  CHECK_FALSE(scale.negative);
  CHECK(scale.place(1) == 0.5);
  CHECK(scale.place(INFINITY) == 1);
  const Rgb masked = scale.color(-INFINITY), nan = scale.color(std::nan(""));
  CHECK(masked.r == masked.g);
  CHECK(nan.r == nan.b);
  CHECK_FALSE(masked == nan);
}

TEST_CASE("palette: signed numbers are symmetric about 0") {
  const Scale scale = scale_of(std::vector<real>{-1, 4});
  CHECK(scale.negative);
  CHECK(scale.place(4) == 1);
  CHECK(scale.place(-4) == -1);
  CHECK(scale.place(0) == 0);
}

TEST_CASE("palette: equal, masked and no numbers") {
  CHECK(scale_of(std::vector<real>{3, 3, 3}).flat());
  CHECK_FALSE(scale_of(std::vector<real>{3, 3, 3}).telling());
  CHECK(scale_of(std::vector<real>{0, -INFINITY}).telling());
  CHECK(scale_of(std::vector<real>{}).flat());
  CHECK(scale_of(std::vector<real>{0, 0}).place(0) == 0);
}

TEST_CASE("palette: the shade grows with the magnitude") {
  CHECK(shade(0, true) == " ");
  CHECK(shade(1, true) == "█");
  CHECK(shade(-1, true) == "█");
  CHECK(shade(0.5, false) == ":");
  CHECK(shade(7, false) == "#");
}
