#include "attn/render/lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kNarrowest = 20;
constexpr std::string_view kReset = "\x1b[0m";

std::string_view code(Ink ink) {
  switch (ink) {
    case Ink::normal:
      return "";
    case Ink::bold:
      return "\x1b[1m";
    case Ink::dim:
      return "\x1b[2m";
    case Ink::accent:
      return "\x1b[36m";
    case Ink::good:
      return "\x1b[32m";
    case Ink::bad:
      return "\x1b[1;31m";
  }
  return "";
}

std::string background_code(Rgb background, bool truecolor) {
  if (truecolor) {
    const Rgb text = text_color(background);
    return fmt::format("\x1b[48;2;{};{};{};38;2;{};{};{}m", background.r, background.g,
                       background.b, text.r, text.g, text.b);
  }
  const int index = xterm_color(background);
  const bool black = text_color(xterm_rgb(index)) == Rgb{0, 0, 0};
  return fmt::format("\x1b[48;5;{};38;5;{}m", index, black ? 16 : 231);
}

/// The code that sets the colour of the text (38) or what is behind it (48).
std::string pixel_code(int where, Rgb color, bool truecolor) {
  if (truecolor) return fmt::format("\x1b[{};2;{};{};{}m", where, color.r, color.g, color.b);
  return fmt::format("\x1b[{};5;{}m", where, xterm_color(color));
}

}  // namespace

Line& Line::add(std::string_view text, Ink ink) {
  if (text.empty()) return *this;
  const std::size_t width = display_width(text);
  pieces_.push_back({std::string(text), width, ink, std::nullopt});
  width_ += width;
  return *this;
}

Line& Line::heat(std::string_view text, Rgb background) {
  add(text);
  if (!text.empty()) pieces_.back().background = background;
  return *this;
}

Line& Line::pixels(Rgb upper, std::optional<Rgb> lower) {
  pieces_.push_back({"▀", 1, Ink::normal, lower, upper});
  ++width_;
  return *this;
}

Page::Page(const RenderOptions& options)
    : options_(options), width_(std::max(options.width, kNarrowest)) {}

void Page::write(std::string_view text, const Line::Piece& piece) {
  const bool plain = piece.ink == Ink::normal && !piece.background && !piece.foreground;
  if (!options_.color || plain) {
    out_ += text;
    return;
  }
  if (piece.foreground) {
    out_ += pixel_code(38, *piece.foreground, options_.truecolor);
    if (piece.background) out_ += pixel_code(48, *piece.background, options_.truecolor);
  } else {
    out_ += piece.background ? background_code(*piece.background, options_.truecolor)
                             : std::string(code(piece.ink));
  }
  out_ += text;
  out_ += kReset;
}

void Page::put(const Line& line) {
  std::size_t used = 0;
  bool shaded = false;
  for (const Line::Piece& piece : line.pieces_) {
    const bool over = used + piece.width > width_;
    const std::size_t rest = line.width_ - used;
    // Room for the mark is kept if something behind this piece will not fit.
    const std::string text = over || (rest > width_ - used && used + piece.width == width_)
                                 ? cut(piece.text + (over ? "" : "  "), width_ - used, mark())
                                 : piece.text;
    write(text, piece);
    shaded = options_.color && (piece.background || piece.foreground);
    used += piece.width;
    if (used >= width_) break;
  }
  if (!shaded) {
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
  }
  out_ += '\n';
}

void Page::blank() {
  if (!out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
}

void Page::paragraph(std::string_view text, std::size_t indent, Ink ink) {
  for (const std::string& line : wrap(text, width_ - std::min(indent, width_ / 2))) {
    put(Line().space(line.empty() ? 0 : indent).add(line, ink));
  }
}

void Page::verbatim(std::string_view text) {
  out_ += text;
  if (!out_.empty() && out_.back() != '\n') out_ += '\n';
}

}  // namespace attn
