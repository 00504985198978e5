#include "attn/io/picture.h"

#include <fmt/format.h>
#include <png.h>
#include <turbojpeg.h>

#include <csetjmp>
#include <cstring>
#include <memory>
#include <vector>

#include "attn/core/error.h"

namespace attn {
namespace {

[[noreturn]] void fail_picture(const std::string& name, const std::string& what,
                               const std::string& hint = "save the picture again as PNG") {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name, 400), what), hint);
}

/// Before anything is allocated. `most` is how many pixels a byte of the file can hold at best.
void require_pixels(const std::string& name, std::size_t width, std::size_t height,
                    std::size_t bytes, std::size_t most) {
  if (width == 0 || height == 0)
    fail_picture(name, fmt::format("the picture has {} x {} pixels", width, height));
  if (width > kMostPixels || height > kMostPixels / width) {
    throw Error(ErrorKind::limit,
                fmt::format("{}: {} x {} pixels, the limit is {}", escaped(name, 400), width,
                            height, kMostPixels),
                "make the picture smaller");
  }
  if (width * height / most > bytes) {
    fail_picture(name, fmt::format("says that it has {} x {} pixels, but {} bytes cannot hold them",
                                   width, height, bytes));
  }
}

/// (h,w,channels) numbers of 0 to `largest`, with or without alpha, as the result's 0 to 1.
template <class Number>
Array to_unit(const std::vector<Number>& from, std::size_t height, std::size_t width,
              std::size_t channels, double largest, bool grey) {
  const std::size_t colors = channels >= 3 ? 3 : 1, kept = grey ? 1 : colors;
  const bool alpha = channels == 2 || channels == 4;
  Array out = empty({height, width, kept});
  for (std::size_t i = 0; i < height * width; ++i) {
    const Number* pixel = from.data() + i * channels;
    double color[3];
    for (std::size_t c = 0; c < colors; ++c) {
      color[c] = pixel[c] / largest;
      if (!alpha) continue;
      const double solid = pixel[colors] / largest;
      color[c] = solid * color[c] + (1 - solid);
    }
    if (grey && colors == 3) color[0] = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
    for (std::size_t c = 0; c < kept; ++c) out.data()[i * kept + c] = static_cast<real>(color[c]);
  }
  return out;
}

// --- PNG

/// What libpng's callbacks share. libpng leaves by longjmp, so between setjmp and the last call
/// stands nothing whose destructor would be jumped over.
struct PngReading {
  std::string_view bytes;
  std::size_t at = 0;
  char message[128] = {};
};

void png_take(png_structp png, png_bytep to, std::size_t count) {
  auto* reading = static_cast<PngReading*>(png_get_io_ptr(png));
  if (count > reading->bytes.size() - reading->at) png_error(png, "the file ends too early");
  std::memcpy(to, reading->bytes.data() + reading->at, count);
  reading->at += count;
}

void png_failed(png_structp png, png_const_charp message) {
  auto* reading = static_cast<PngReading*>(png_get_error_ptr(png));
  std::strncpy(reading->message, message, sizeof reading->message - 1);
  png_longjmp(png, 1);
}

void png_warned(png_structp, png_const_charp) {}

struct PngSize {
  std::size_t width = 0, height = 0, channels = 0;
  bool wide = false;  ///< 16 bits a number
};

/// Reads the header into `size`, and with `rows` the pixels too. False where libpng gave up.
bool png_pass(PngReading& reading, PngSize& size, png_bytep* rows) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, png_failed, png_warned);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, nullptr);
    return false;
  }
  png_set_user_limits(png, kMostPixels, kMostPixels);
  png_set_chunk_malloc_max(png, 1 << 20);  // notes and profiles, not pixels
  png_set_read_fn(png, &reading, png_take);
  png_read_info(png, info);
  png_set_expand(png);  // a palette, few bits, transparent colours: to 8 bits and alpha
  if (png_get_bit_depth(png, info) == 16) png_set_swap(png);  // to the order of this machine
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size.width = png_get_image_width(png, info);
  size.height = png_get_image_height(png, info);
  size.channels = png_get_channels(png, info);
  size.wide = png_get_bit_depth(png, info) == 16;
  if (rows) {
    png_read_image(png, rows);
    png_read_end(png, nullptr);
  }
  png_destroy_read_struct(&png, &info, nullptr);
  return true;
}

Array parse_png(std::string_view bytes, const std::string& name, bool grey) {
  PngReading reading{bytes};
  PngSize size;
  const auto failed = [&] {
    fail_picture(
        name, fmt::format("damaged PNG at byte {}: {}", reading.at, escaped(reading.message, 100)));
  };
  if (!png_pass(reading, size, nullptr)) failed();
  // Deflate packs at most 1032 bytes into one; a pixel may take one bit of them.
  require_pixels(name, size.width, size.height, bytes.size(), 1032 * 8);
  const std::size_t numbers = size.width * size.channels;
  std::vector<std::uint16_t> wide;
  std::vector<std::uint8_t> narrow;
  std::vector<png_bytep> rows(size.height);
  if (size.wide) {
    wide.resize(numbers * size.height);
  } else {
    narrow.resize(numbers * size.height);
  }
  for (std::size_t i = 0; i < size.height; ++i) {
    rows[i] = size.wide ? reinterpret_cast<png_bytep>(wide.data() + i * numbers)
                        : narrow.data() + i * numbers;
  }
  reading.at = 0;
  if (!png_pass(reading, size, rows.data())) failed();
  return size.wide ? to_unit(wide, size.height, size.width, size.channels, 65535, grey)
                   : to_unit(narrow, size.height, size.width, size.channels, 255, grey);
}

// --- JPEG

Array parse_jpeg(std::string_view bytes, const std::string& name, bool grey) {
  const std::unique_ptr<void, int (*)(void*)> reader(tjInitDecompress(), tjDestroy);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto failed = [&] {
    fail_picture(name, fmt::format("damaged JPEG: {}", escaped(tjGetErrorStr2(reader.get()), 100)));
  };
  int width = 0, height = 0, sampling = 0, space = 0;
  if (!reader || tjDecompressHeader3(reader.get(), data, bytes.size(), &width, &height, &sampling,
                                     &space) != 0)
    failed();
  if (space == TJCS_CMYK || space == TJCS_YCCK)
    fail_picture(name, "a JPEG in CMYK, the colours of printing, expected RGB or grey");
  // A block of 8 x 8 takes more than a bit, three blocks may share one of four times the size.
  require_pixels(name, static_cast<std::size_t>(width), static_cast<std::size_t>(height),
                 bytes.size(), 8 * 64 * 4);
  const std::size_t channels = space == TJCS_GRAY ? 1 : 3;
  const auto w = static_cast<std::size_t>(width), h = static_cast<std::size_t>(height);
  std::vector<std::uint8_t> pixels(w * h * channels);
  if (tjDecompress2(reader.get(), data, bytes.size(), pixels.data(), width, 0, height,
                    channels == 1 ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT) != 0)
    failed();
  return to_unit(pixels, h, w, channels, 255, grey);
}

// --- PPM and PGM (netpbm.sourceforge.net/doc/ppm.html): a header of four words, then numbers

class NetpbmReader {
 public:
  NetpbmReader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  Array read(bool grey) {
    const char kind = bytes_[1];
    at_ = 2;
    const std::size_t channels = kind == '3' || kind == '6' ? 3 : 1;
    const std::size_t width = word("the width"), height = word("the height");
    const std::size_t largest = word("the largest number");
    if (largest == 0 || largest > 65535)
      fail_picture(name_, fmt::format("the largest number is {}, expected 1 to 65535", largest));
    require_pixels(name_, width, height, bytes_.size(), 1);
    std::vector<std::uint16_t> numbers(width * height * channels);
    const bool text = kind == '2' || kind == '3';
    if (!text) ++at_;  // one blank ends the header
    for (std::uint16_t& number : numbers) {
      const std::size_t value = text ? word("a number") : binary(largest > 255 ? 2 : 1);
      if (value > largest) {
        fail_picture(name_, fmt::format("at byte {}: {} is above the largest number, {}", at_,
                                        value, largest));
      }
      number = static_cast<std::uint16_t>(value);
    }
    return to_unit(numbers, height, width, channels, static_cast<double>(largest), grey);
  }

 private:
  bool blank() const { return std::strchr(" \t\r\n\v\f", bytes_[at_]) && bytes_[at_] != '\0'; }
  std::size_t word(const char* what) {
    while (at_ < bytes_.size() && (blank() || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#') at_ = std::min(bytes_.find('\n', at_), bytes_.size() - 1);
      ++at_;
    }
    std::size_t value = 0, digits = 0;
    for (; at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9'; ++at_, ++digits) {
      if (digits == 9) fail_picture(name_, fmt::format("at byte {}: {} is too long", at_, what));
      value = 10 * value + static_cast<std::size_t>(bytes_[at_] - '0');
    }
    if (digits == 0) {
      fail_picture(name_, at_ < bytes_.size()
                              ? fmt::format("at byte {}: expected {}, found \"{}\"", at_, what,
                                            escaped(bytes_.substr(at_, 8)))
                              : fmt::format("ends where {} is expected", what));
    }
    return value;
  }
  std::size_t binary(std::size_t bytes) {
    if (at_ + bytes > bytes_.size())
      fail_picture(name_, fmt::format("ends at byte {}, in the middle of its numbers", at_));
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return value;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  const std::string& name_;
};

}  // namespace

Array parse_picture(std::string_view bytes, const std::string& name, bool grey) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return parse_png(bytes, name, grey);
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return parse_jpeg(bytes, name, grey);
  if (bytes.size() > 2 && bytes[0] == 'P' && std::strchr("2356", bytes[1]) && bytes[1] != '\0')
    return NetpbmReader(bytes, name).read(grey);
  fail_picture(name, bytes.empty()
                         ? std::string("the file is empty")
                         : fmt::format("expected a PNG, JPEG, PPM or PGM picture, the file "
                                       "begins with \"{}\"",
                                       escaped(bytes.substr(0, 8))));
}

}  // namespace attn
