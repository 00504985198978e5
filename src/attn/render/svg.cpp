#include "attn/render/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "attn/render/assets.h"
#include "attn/render/format.h"
#include "attn/render/heatmap.h"
#include "attn/render/image.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr double kMargin = 24, kPageWidth = 1240, kBetween = 24;
constexpr std::size_t kMostDrawings = 16;
constexpr std::size_t kTextColumns = 130;
/// Wide enough for a character of the largest text on the page.
constexpr double kCharacter = 9.4;

class SvgPage {
 public:
  void text(double x, std::string_view kind, const std::string& content) {
    y_ += 17;
    fmt::format_to(std::back_inserter(body_),
                   "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", kind, x, y_,
                   markup(content));
    width_ =
        std::max(width_, x + static_cast<double>(display_width(content)) * kCharacter + kMargin);
  }
  void paragraph(std::string_view kind, std::string_view content) {
    for (const std::string& line : wrap(safe_text(content), kTextColumns))
      text(kMargin, kind, line);
  }
  /// Lines whose spaces are kept.
  void lines(std::string_view content) {
    for (std::size_t at = 0; at < content.size();) {
      const std::size_t end = std::min(content.find('\n', at), content.size());
      text(kMargin, "t", std::string(content.substr(at, end - at)));
      at = end + 1;
    }
    ++texts_;
  }
  bool has_text() const { return texts_ > 0; }
  /// Beside the drawing before it if there is room, else below.
  void place(const Drawing& drawing) {
    if (x_ > kMargin && x_ + drawing.width > kPageWidth) end_row();
    fmt::format_to(std::back_inserter(body_), "<g transform=\"translate({:.1f} {:.1f})\">{}</g>\n",
                   x_, y_ + 8, drawing.svg);
    x_ += drawing.width + kBetween;
    row_ = std::max(row_, drawing.height);
    width_ = std::max(width_, x_);
  }
  void end_row() {
    if (row_ > 0) y_ += row_ + 12;
    x_ = kMargin;
    row_ = 0;
  }
  void space(double pixels) { y_ += pixels; }

  std::string finish(const std::string& title) const {
    const double width = std::max(width_, 400.0), height = y_ + kMargin;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" color=\"#1b1f24\">\n<title>{2}</title>\n"
        "<style>{3}{4}</style>\n{5}\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        "{6}</svg>\n",
        width, height, markup(title), heatmap_style(), asset_in_one_line("picture.css"),
        heatmap_defs(), body_);
  }

 private:
  std::string body_;
  double x_ = kMargin, y_ = kMargin, row_ = 0, width_ = 0;
  int texts_ = 0;
};

constexpr std::size_t kZoom = 8;  // so that the edge of a patch can be seen

/// Pixels as squares of about the size of a heat map.
Drawing draw_image(const std::string& title, const Image& image) {
  const double side =
                   std::max(1.0, std::floor(256.0 / double(std::max(image.height, image.width)))),
               width = side * double(image.width), height = side * double(image.height);
  const double top = title.empty() ? 0 : 20;
  return {fmt::format("<text class=\"b\" x=\"0\" y=\"13\">{}</text>"
                      "<image y=\"{:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" "
                      "style=\"image-rendering:pixelated\" href=\"{}\"/>",
                      markup(title), top, width, height, data_uri(image)),
          width, top + height};
}

void put(SvgPage& page, const Trace& trace, const Step& step, const RenderOptions& options) {
  const MatrixView view(trace, step, options.column_convention);
  page.space(14);
  std::string facts = view.shape_text(" × ");
  const std::string kind = kind_text(trace, step);
  if (!kind.empty()) facts += " · " + kind;
  page.text(kMargin, "h", safe_text(step.path));
  if (!step.formula.empty()) page.paragraph("f", step.formula);
  page.paragraph("d", facts);
  if (!options.quiet && !step.about.empty()) page.paragraph("p", step.about);
  if (view.empty()) {
    page.text(kMargin, "p", "no numbers: one of the axes has length 0");
    return;
  }
  if (step.look == Look::picture) {
    page.place(draw_image("", image_of(step)));
    return page.end_row();
  }
  const NumberFormat format = choose_format(view.values(), options.precision);
  const Scale scale = scale_of(view.values());
  const Extract blocks = extract(view.blocks(), kMostDrawings);
  for (const std::size_t block : blocks.index) {
    page.place(draw_heatmap(view, block, scale, format));
  }
  page.end_row();
  if (worth_coloring(view, scale)) page.place(draw_legend(view, scale));
  page.end_row();
  const Picture reduced = picture(view, 0);
  if (reduced.reduced()) page.paragraph("p", "Reduced: " + reduced.note() + ".");
  if (!blocks.whole()) page.paragraph("p", "Not drawn: " + blocks.left_out("block") + ".");
  if (!looks_at_scene(trace, view)) return;
  page.paragraph("p",
                 fmt::format("The picture as patch {} sees it (its edge is red): the brighter, "
                             "the larger the weight.",
                             trace.tokens[trace.scene->at]));
  for (const std::size_t block : blocks.index)
    page.place(draw_image(view.block_title(block),
                          seen_by(*trace.scene, view, block, trace.scene->at, kZoom)));
  page.end_row();
}

/// The table as a terminal shows it.
void put(SvgPage& page, const Table& table, RenderOptions options) {
  options.width = kTextColumns;
  options.color = false;
  options.unicode = true;
  Page lines(options);
  put_table(lines, table);
  page.space(14);
  page.lines(lines.take());
}

}  // namespace

std::string svg(const Trace& trace, const RenderOptions& options) {
  SvgPage page;
  if (!trace.title.empty()) page.paragraph("h", trace.title);
  if (options.column_convention) {
    page.paragraph("p", kColumnConvention);
  }
  const std::vector<const Item*> items = shown_items(trace, options);
  bool drawn = false;
  for (const Item* item : items) {
    if (const auto* step = std::get_if<Step>(item)) {
      put(page, trace, *step, options);
      drawn = true;
    } else if (const auto* table = std::get_if<Table>(item)) {
      put(page, *table, options);
    } else if (const auto* drawing = std::get_if<Verbatim>(item)) {
      page.space(14);
      page.lines(safe_text(drawing->text));
    }
  }
  // A command that shows neither matrix nor table says what it has to say in words.
  if (!drawn && !page.has_text()) {
    for (const Item* item : items) {
      if (const auto* remark = std::get_if<Remark>(item)) page.lines(safe_text(remark->text));
    }
  }
  return page.finish(trace.title.empty() ? "attn" : trace.title);
}

}  // namespace attn
