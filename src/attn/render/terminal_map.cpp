#include <fmt/format.h>

#include <algorithm>

#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kMapIndent = 2, kBetweenMaps = 3, kMostMapRows = 64, kMostMapBlocks = 12,
                      kLabel = 10;

}  // namespace

bool put_map(Page& page, const MatrixView& view, const Scale& scale) {
  const bool color = page.options().color;
  std::size_t label = display_width(view.row_axis());
  for (std::size_t i = 0; i < std::min(view.rows(), kMostMapRows); ++i) {
    label = std::max(label, display_width(view.row_label(i)));
  }
  label = std::min(label, kLabel);
  const std::size_t room = page.width() - std::min(page.width(), kMapIndent + label + 1);
  if (view.rows() > kMostMapRows || view.columns() > room) return false;
  const std::size_t wide = 2 * view.columns() <= room ? 2 : 1;
  const std::size_t block_width = wide * view.columns();
  const std::size_t beside = (room + kBetweenMaps) / (block_width + kBetweenMaps);
  const Extract blocks = extract(view.blocks(), kMostMapBlocks);
  page.put(Line());
  page.paragraph(
      fmt::format("All of it, {} for each number:", color ? "one patch of colour" : "one shade"),
      kMapIndent, Ink::dim);
  for (std::size_t first = 0; first < blocks.index.size(); first += beside) {
    const std::size_t n = std::min(beside, blocks.index.size() - first);
    Line titles;
    Line ruler;
    ruler.space(kMapIndent).add(cut(view.row_axis(), label, page.mark()), Ink::dim);
    for (std::size_t b = 0; b < n; ++b) {
      const std::size_t begin = kMapIndent + label + 1 + b * (block_width + kBetweenMaps);
      const std::string title = view.block_title(blocks.index[first + b]);
      titles.to_column(begin).add(cut(title, block_width, page.mark()), Ink::bold);
      for (std::size_t j = 0; j < view.columns(); j += 10) {
        const std::string mark = std::to_string(j);
        if (j * wide + mark.size() > block_width) break;
        ruler.to_column(begin + j * wide).add(mark, Ink::dim);
      }
    }
    if (first > 0) page.put(Line());
    if (view.rank() > 2) page.put(titles);
    page.put(ruler);
    for (std::size_t i = 0; i < view.rows(); ++i) {
      std::string name = cut(view.row_label(i), label, page.mark());
      if (page.options().unicode && right_to_left(name)) name = isolated(name);
      Line line;
      line.space(kMapIndent).add(name);
      for (std::size_t b = 0; b < n; ++b) {
        line.to_column(kMapIndent + label + 1 + b * (block_width + kBetweenMaps));
        for (std::size_t j = 0; j < view.columns(); ++j) {
          const double value = view.at(blocks.index[first + b], i, j);
          if (color) {
            line.heat(std::string(wide, ' '), scale.color(value));
            continue;
          }
          const std::string_view dark = shade(scale.place(value), page.options().unicode);
          for (std::size_t k = 0; k < wide; ++k) line.add(dark);
        }
      }
      page.put(line);
    }
  }
  return true;
}

}  // namespace attn
