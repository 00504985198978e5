#include "app/stages/picture_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace attn::app {

namespace {

constexpr std::string_view kSigns = " .:-=+*#%@";
constexpr std::size_t kColumns = 76, kLines = 24, kBetween = 3;

/// The mean of each block of `factor` x `factor` places.
Array shrunk(const Array& picture, std::size_t factor) {
  const std::size_t h = picture.shape()[0], w = picture.shape()[1];
  Array out = empty({(h + factor - 1) / factor, (w + factor - 1) / factor});
  for (std::size_t i = 0; i < out.shape()[0]; ++i) {
    for (std::size_t j = 0; j < out.shape()[1]; ++j) {
      double sum = 0, places = 0;
      for (std::size_t a = i * factor; a < std::min(h, (i + 1) * factor); ++a) {
        for (std::size_t b = j * factor; b < std::min(w, (j + 1) * factor); ++b, ++places)
          sum += picture.data()[a * w + b];
      }
      out.data()[i * out.shape()[1] + j] = static_cast<real>(sum / places);
    }
  }
  return out;
}

char sign(double value, double least, double most) {
  if (!std::isfinite(value)) return '?';
  const double part = most > least ? (value - least) / (most - least) : 0;
  const auto place = static_cast<std::size_t>(std::lround(part * double(kSigns.size() - 1)));
  return kSigns[std::min(place, kSigns.size() - 1)];
}

}  // namespace

std::string drawing(const std::vector<Array>& pictures, const std::vector<std::string>& titles) {
  const std::size_t n = pictures.size(), h = pictures[0].shape()[0], w = pictures[0].shape()[1];
  const std::size_t room = (kColumns - kBetween * (n - 1)) / n;
  const std::size_t factor =
      std::max({std::size_t{1}, (w + room - 1) / room, (h + kLines - 1) / kLines});
  std::vector<Array> small;
  double least = INFINITY, most = -INFINITY;
  for (const Array& picture : pictures) {
    small.push_back(shrunk(picture, factor));
    for (const real value : small.back()) {
      if (!std::isfinite(value)) continue;
      least = std::min(least, double{value});
      most = std::max(most, double{value});
    }
  }
  const std::size_t height = small[0].shape()[0], width = small[0].shape()[1];
  const std::size_t each = 2 * width <= room ? 2 : 1;
  std::size_t column = each * width;
  for (const std::string& title : titles) column = std::max(column, title.size());
  std::string out;
  const auto put_line = [&](auto cell) {
    std::string line = "  ";
    for (std::size_t k = 0; k < n; ++k)
      line += fmt::format("{:<{}}", cell(k), k + 1 < n ? column + kBetween : column);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  put_line([&](std::size_t k) { return titles[k]; });
  for (std::size_t i = 0; i < height; ++i) {
    put_line([&](std::size_t k) {
      std::string cells;
      for (std::size_t j = 0; j < width; ++j)
        cells.append(each, sign(small[k].data()[i * width + j], least, most));
      return cells;
    });
  }
  return out;
}

std::vector<Array> frames_of(const Array& video) {
  const std::size_t h = video.shape()[1], w = video.shape()[2];
  std::vector<Array> out;
  for (std::size_t t = 0; t < video.shape()[0]; ++t) {
    out.push_back(empty({h, w}));
    std::copy_n(video.data() + t * h * w, h * w, out.back().data());
  }
  return out;
}

}  // namespace attn::app
