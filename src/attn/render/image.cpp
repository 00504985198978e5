#include "attn/render/image.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kImageIndent = 2, kBetweenImages = 3, kTallestImage = 40, kMostScenes = 8;

std::uint8_t to_byte(double unit) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(unit, 0.0, 1.0)));
}

Rgb pixel_of(const Array& pixels, std::size_t y, std::size_t x) {
  const std::size_t last = pixels.shape()[2] - 1;
  return {to_byte(double{pixels(y, x, 0)}),
          to_byte(double{pixels(y, x, std::min<std::size_t>(1, last))}),
          to_byte(double{pixels(y, x, last)})};
}

Rgb dimmed(Rgb color, double light) {
  const auto part = [light](std::uint8_t v) { return to_byte(light * v / 255); };
  return {part(color.r), part(color.g), part(color.b)};
}

/// How light a colour looks, 0 to 1 (ITU-R BT.601).
double lightness(Rgb c) { return (0.299 * c.r + 0.587 * c.g + 0.114 * c.b) / 255; }

/// One line of characters: the pixels of row y, and with half blocks of the next row too.
void put_row(Line& line, const RenderOptions& options, const Image& image, std::size_t y) {
  for (std::size_t x = 0; x < image.width; ++x) {
    const Rgb upper = image.at(y, x);
    if (options.color && options.unicode) {
      line.pixels(upper, y + 1 < image.height ? std::optional(image.at(y + 1, x)) : std::nullopt);
    } else if (options.color) {
      line.heat("  ", upper);
    } else {
      const std::string_view dark = shade(lightness(upper), options.unicode);
      line.add(dark).add(dark);
    }
  }
}

}  // namespace

Image image_of(const Step& step) {
  const Array& values = step.values();
  const Shape shape = step.shape();
  if (shape.size() == 3) {
    Image out{shape[0], shape[1], {}};
    for (std::size_t y = 0; y < shape[0]; ++y)
      for (std::size_t x = 0; x < shape[1]; ++x) out.pixels.push_back(pixel_of(values, y, x));
    return out;
  }
  const Scale scale = scale_of({values.data(), values.size()});
  const double low = scale.low, range = scale.high - scale.low;
  Image out{shape[1], shape[0], {}};
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      const double value = double{values(x, out.height - 1 - y)};
      out.pixels.push_back(sequential_color(range > 0 ? (value - low) / range : 0));
    }
  }
  return out;
}

bool looks_at_scene(const Trace& trace, const MatrixView& view) {
  const std::string& path = view.step().path;
  if (!trace.scene || view.rank() < 2 || view.transposed()) return false;
  const std::size_t n = trace.scene->rows() * trace.scene->columns();
  return (path == "weights" || path.ends_with(".weights")) && view.rows() == n &&
         view.columns() == n && view.row_axis() == "query" && view.column_axis() == "key";
}

Image seen_by(const Scene& scene, const MatrixView& view, std::size_t block, std::size_t at,
              std::size_t zoom) {
  const Array& pixels = scene.pixels.value();
  const std::size_t side = scene.side * zoom, columns = scene.columns();
  double largest = 0;
  for (std::size_t j = 0; j < view.columns(); ++j)
    largest = std::max(largest, view.at(block, at, j));
  Image out{scene.rows() * side, columns * side, {}};
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      const std::size_t patch = y / side * columns + x / side, down = y % side, right = x % side;
      const bool edge = down == 0 || right == 0 || down == side - 1 || right == side - 1;
      if (patch == at && edge && side > 2) {
        out.pixels.push_back({220, 30, 30});
        continue;
      }
      const double weight = view.at(block, at, patch);
      const double light = largest > 0 && weight > 0 ? weight / largest : 0;
      out.pixels.push_back(dimmed(pixel_of(pixels, y / zoom, x / zoom), 0.08 + 0.92 * light));
    }
  }
  return out;
}

Image reduced_to(const Image& image, std::size_t height, std::size_t width) {
  const std::size_t step =
      std::max((image.height + height - 1) / height, (image.width + width - 1) / width);
  if (step <= 1) return image;
  Image out{(image.height + step - 1) / step, (image.width + step - 1) / step, {}};
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      double r = 0, g = 0, b = 0, n = 0;
      for (std::size_t i = y * step; i < std::min((y + 1) * step, image.height); ++i) {
        for (std::size_t j = x * step; j < std::min((x + 1) * step, image.width); ++j, ++n) {
          r += image.at(i, j).r;
          g += image.at(i, j).g;
          b += image.at(i, j).b;
        }
      }
      out.pixels.push_back({to_byte(r / n / 255), to_byte(g / n / 255), to_byte(b / n / 255)});
    }
  }
  return out;
}

Image enlarged(const Image& image, std::size_t times) {
  Image out{image.height * times, image.width * times, {}};
  for (std::size_t y = 0; y < out.height; ++y)
    for (std::size_t x = 0; x < out.width; ++x)
      out.pixels.push_back(image.at(y / times, x / times));
  return out;
}

void put_images(Page& page, const std::vector<std::pair<std::string, Image>>& images) {
  const bool halves = page.options().color && page.options().unicode;
  const std::size_t room = page.width() - std::min(page.width(), kImageIndent);
  // A character is about twice as tall as wide: it holds two pixels one above the other, or two
  // characters beside one another are one pixel.
  const std::size_t wide = halves ? 1 : 2, tall = halves ? 2 : 1;
  std::vector<std::pair<std::string, Image>> all;
  for (const auto& [title, image] : images)
    all.emplace_back(title, reduced_to(image, kTallestImage, room / wide));
  for (std::size_t first = 0; first < all.size();) {
    std::size_t count = 0, used = 0, height = 0;
    Line titles;
    std::vector<std::size_t> begin;
    for (; first + count < all.size(); ++count) {
      const auto& [title, image] = all[first + count];
      const std::size_t width = wide * image.width;
      if (count > 0 && used + width > room) break;
      begin.push_back(kImageIndent + used);
      titles.to_column(begin.back()).add(cut(title, width, page.mark()), Ink::bold);
      used += width + kBetweenImages;
      height = std::max(height, (image.height + tall - 1) / tall);
    }
    page.put(Line());
    if (!all[first].first.empty()) page.put(titles);
    for (std::size_t y = 0; y < height; ++y) {
      Line line;
      for (std::size_t i = 0; i < count; ++i) {
        const Image& image = all[first + i].second;
        line.to_column(begin[i]);
        if (tall * y < image.height) put_row(line, page.options(), image, tall * y);
      }
      page.put(line);
    }
    first += count;
  }
}

void put_scene(Page& page, const Trace& trace, const MatrixView& view) {
  const Scene& scene = *trace.scene;
  const std::size_t height = scene.pixels.shape()[0], width = scene.pixels.shape()[1];
  // Small pictures are drawn larger, so that the edge of a patch can be seen.
  const std::size_t zoom =
      std::max<std::size_t>(1, std::min(32 / std::max(height, width), std::size_t{4}));
  const Extract blocks = extract(view.blocks(), kMostScenes);
  std::vector<std::pair<std::string, Image>> images;
  for (const std::size_t b : blocks.index)
    images.emplace_back(view.block_title(b), seen_by(scene, view, b, scene.at, zoom));
  page.put(Line());
  page.paragraph(
      fmt::format("The picture as patch {} sees it{}: the brighter, the larger the weight.",
                  trace.tokens[scene.at],
                  page.options().color && scene.side * zoom > 2 ? " (its edge is red)" : ""),
      kImageIndent);
  put_images(page, images);
  if (!blocks.whole())
    page.paragraph(fmt::format("Not drawn: {}.", blocks.left_out("block")), kImageIndent, Ink::dim);
}

std::string data_uri(const Image& image) {
  std::vector<std::uint8_t> bytes;
  for (const Rgb& pixel : image.pixels) bytes.insert(bytes.end(), {pixel.r, pixel.g, pixel.b});
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  std::string file;
  const auto write = [&](void* to) {
    if (!png_image_write_to_memory(&png, to, &size, 0, bytes.data(), 0, nullptr))
      throw Error(ErrorKind::internal, fmt::format("libpng: {}", png.message));
  };
  write(nullptr);
  file.resize(size);
  write(file.data());
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "data:image/png;base64,";
  for (std::size_t i = 0; i < size; i += 3) {  // RFC 4648, section 4
    const auto byte = [&](std::size_t k) {
      return i + k < size ? static_cast<unsigned char>(file[i + k]) : 0u;
    };
    const unsigned three = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= size ? kDigits[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace attn
