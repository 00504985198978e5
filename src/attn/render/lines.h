#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn/render/palette.h"
#include "attn/render/render.h"

namespace attn {

/// How a piece of a line looks when colours are on.
enum class Ink { normal, bold, dim, accent, good, bad };

/// One line of a terminal, made of pieces, that knows how wide it is.
class Line {
 public:
  Line& add(std::string_view text, Ink ink = Ink::normal);
  /// Text on a coloured background, black or white by contrast.
  Line& heat(std::string_view text, Rgb background);
  /// Two pixels in one character, one above the other (the lower may be missing). Needs colours and
  /// UTF-8.
  Line& pixels(Rgb upper, std::optional<Rgb> lower);
  Line& space(std::size_t columns) { return add(std::string(columns, ' ')); }
  /// Spaces up to this column.
  Line& to_column(std::size_t column) { return space(column > width_ ? column - width_ : 0); }
  std::size_t width() const { return width_; }
  bool empty() const { return pieces_.empty(); }

 private:
  friend class Page;
  struct Piece {
    std::string text;
    std::size_t width;
    Ink ink;
    std::optional<Rgb> background;
    std::optional<Rgb> foreground = {};
  };
  std::vector<Piece> pieces_;
  std::size_t width_ = 0;
};

/// Lines for a terminal, none wider than its window: what is too wide is cut with "…".
class Page {
 public:
  explicit Page(const RenderOptions& options);

  void put(const Line& line);
  void blank();
  /// The text wrapped at the window's width, every line `indent` columns in.
  void paragraph(std::string_view text, std::size_t indent, Ink ink = Ink::normal);
  /// Kept as it is, even if wider than the window.
  void verbatim(std::string_view text);

  std::size_t width() const { return width_; }
  const RenderOptions& options() const { return options_; }
  std::string_view mark() const { return options_.unicode ? "…" : "~"; }
  std::string take() { return std::move(out_); }

 private:
  void write(std::string_view text, const Line::Piece& piece);

  RenderOptions options_;
  std::size_t width_;
  std::string out_;
};

}  // namespace attn
