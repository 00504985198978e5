#include "attn/render/heatmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "attn/render/assets.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr double kLetter = 6.7;  // pixels of one column of text at 11 px
constexpr double kLine = 15;
constexpr std::size_t kLongestLabel = 16;
constexpr std::size_t kMostWithNumbers = 24;
constexpr Rgb kNeutral{240, 242, 245};

/// The numbers i*step .. of one picture row or column, as text: "5" or "128..191".
std::string span_text(std::size_t i, std::size_t step, std::size_t count) {
  const std::size_t first = i * step, last = std::min(first + step, count) - 1;
  return first == last ? std::to_string(first) : fmt::format("{}..{}", first, last);
}

std::vector<std::string> labels_of(const MatrixView& view, const Picture& p, bool rows) {
  std::vector<std::string> labels;
  const std::size_t step = rows ? p.row_step : p.column_step;
  for (std::size_t i = 0; i < (rows ? p.rows : p.columns); ++i) {
    labels.push_back(step > 1 ? span_text(i, step, rows ? view.rows() : view.columns())
                     : rows ? view.row_label(i)
                              : view.column_label(i));
  }
  return labels;
}

std::size_t widest_of(const std::vector<std::string>& labels) {
  std::size_t widest = 0;
  for (const std::string& text : labels) widest = std::max(widest, display_width(text));
  return std::min(widest, kLongestLabel);
}

/// Where everything of one heat map stands.
struct Plan {
  bool numbers = false;  // written into the cells
  bool slanted = false;  // the column labels, too long for their columns
  double cell_width = 12, cell_height = 12, left = 0, top = 0;
  std::size_t row_stride = 1, column_stride = 1;  // every how many a label
};

Plan plan(const MatrixView& view, const Picture& p, const NumberFormat& format,
          const std::vector<std::string>& row_labels,
          const std::vector<std::string>& column_labels) {
  Plan out;
  out.numbers = p.columns <= kMostWithNumbers && p.rows <= 2 * kMostWithNumbers && !p.reduced();
  std::size_t text = format.width;
  if (!view.step().cells.empty()) text = std::max<std::size_t>(text, 5);
  if (out.numbers) {
    out.cell_width = std::max(24.0, static_cast<double>(text) * 6.2 + 8);
    out.cell_height = 22;
  } else {
    out.cell_width = std::clamp(640.0 / static_cast<double>(p.columns), 9.0, 18.0);
    out.cell_height = std::clamp(640.0 / static_cast<double>(p.rows), 9.0, 18.0);
  }
  const double label = static_cast<double>(widest_of(column_labels)) * kLetter;
  const bool words = view.columns_named() && p.column_step == 1;
  out.slanted = words && label > out.cell_width - 2;
  if (!words && label > out.cell_width - 2) {
    out.column_stride = static_cast<std::size_t>(std::ceil((label + 6) / out.cell_width));
  }
  out.row_stride = out.cell_height < 11 ? 2 : 1;
  out.left = std::max(static_cast<double>(widest_of(row_labels)),
                      static_cast<double>(display_width(view.row_axis()))) *
                 kLetter +
             10;
  out.top = kLine + (out.slanted ? label * 0.75 + 12 : kLine) + 2;
  return out;
}

std::string number_in(const MatrixView& view, std::size_t block, const NumberFormat& format,
                      std::size_t i, std::size_t j, double value) {
  const std::string cell = view.cell(view.index(block, i, j));
  return cell.empty() ? format(value) : cell;
}

}  // namespace

std::string markup(std::string_view text) {
  std::string out;
  const std::string safe = safe_text(text);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    switch (safe[i]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // U+FFFE and U+FFFF are not characters of XML.
        if (safe.compare(i, 3, "\xEF\xBF\xBE") == 0 || safe.compare(i, 3, "\xEF\xBF\xBF") == 0) {
          out += "\uFFFD";
          i += 2;
        } else {
          out += safe[i];
        }
    }
  }
  return out;
}

bool worth_coloring(const MatrixView& view, const Scale& scale) {
  return scale.telling() && !view.step().is_ids();
}

std::string Picture::note() const {
  return fmt::format("each cell is the mean of {} x {} numbers", row_step, column_step);
}

Picture picture(const MatrixView& view, std::size_t block) {
  const auto steps = [](std::size_t n) { return (n + kPictureCells - 1) / kPictureCells; };
  Picture p;
  p.row_step = std::max<std::size_t>(steps(view.rows()), 1);
  p.column_step = std::max<std::size_t>(steps(view.columns()), 1);
  p.rows = (view.rows() + p.row_step - 1) / p.row_step;
  p.columns = (view.columns() + p.column_step - 1) / p.column_step;
  p.cells.assign(p.rows * p.columns, 0);
  std::vector<std::size_t> counts(p.cells.size(), 0);
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t j = 0; j < view.columns(); ++j) {
      const std::size_t cell = i / p.row_step * p.columns + j / p.column_step;
      p.cells[cell] += view.at(block, i, j);
      ++counts[cell];
    }
  }
  for (std::size_t cell = 0; cell < p.cells.size(); ++cell) {
    p.cells[cell] /= static_cast<double>(counts[cell]);
  }
  return p;
}

Drawing draw_heatmap(const MatrixView& view, std::size_t block, const Scale& scale,
                     const NumberFormat& format) {
  const Picture p = picture(view, block);
  const std::vector<std::string> row_labels = labels_of(view, p, true);
  const std::vector<std::string> column_labels = labels_of(view, p, false);
  const Plan at = plan(view, p, format, row_labels, column_labels);
  Drawing out;
  auto to = std::back_inserter(out.svg);
  const std::string title = view.block_title(block);
  const std::string row_axis = view.rank() >= 2 ? view.row_axis() : "";
  double heading = at.left;
  if (!title.empty()) {
    fmt::format_to(to, R"(<text class="b" x="{:.1f}" y="11">{}</text>)", at.left, markup(title));
    heading += static_cast<double>(display_width(title) + 2) * kLetter;
  }
  if (!view.column_axis().empty()) {
    fmt::format_to(to, R"(<text class="d" x="{:.1f}" y="11">{} →</text>)", heading,
                   markup(view.column_axis()));
    heading += static_cast<double>(display_width(view.column_axis()) + 2) * kLetter;
  }
  fmt::format_to(to, R"(<text class="d e" x="{:.1f}" y="{:.1f}">{}</text>)", at.left - 6,
                 at.top - 5, markup(row_axis));
  for (std::size_t j = 0; j < p.columns; j += at.column_stride) {
    const std::string text = markup(cut(column_labels[j], kLongestLabel));
    const double x = at.left + (static_cast<double>(j) + 0.5) * at.cell_width;
    if (at.slanted) {
      fmt::format_to(to, R"#(<text transform="translate({:.1f} {:.1f}) rotate(-48)">{}</text>)#",
                     x + 3, at.top - 5, text);
    } else {
      const bool many = at.column_stride > 1;  // then a label begins where its column does
      fmt::format_to(to, R"(<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>)", many ? "s" : "m",
                     many ? x - at.cell_width / 2 : x, at.top - 5, text);
    }
  }
  for (std::size_t i = 0; i < p.rows && view.rank() >= 2; i += at.row_stride) {
    fmt::format_to(to, R"(<text class="e" x="{:.1f}" y="{:.1f}">{}</text>)", at.left - 6,
                   at.top + (static_cast<double>(i) + 0.5) * at.cell_height + 4,
                   markup(cut(row_labels[i], kLongestLabel)));
  }
  const std::string row_word = markup(view.row_axis().empty() ? "row" : view.row_axis());
  const std::string column_word =
      markup(view.column_axis().empty() ? "column" : view.column_axis());
  const bool colored = worth_coloring(view, scale);
  std::vector<std::string> names;
  for (const std::string& label : column_labels) names.push_back(column_word + " " + markup(label));
  for (std::size_t i = 0; i < p.rows; ++i) {
    const std::string row_name =
        view.rank() >= 2 ? row_word + " " + markup(row_labels[i]) + ", " : "";
    for (std::size_t j = 0; j < p.columns; ++j) {
      const double value = p.cells[i * p.columns + j];
      const double x = at.left + static_cast<double>(j) * at.cell_width;
      const double y = at.top + static_cast<double>(i) * at.cell_height;
      const Rgb color = colored ? scale.color(value) : kNeutral;
      fmt::format_to(to,
                     R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}">)"
                     "<title>{}{}: {}{}</title></rect>\n",
                     x, y, at.cell_width, at.cell_height,
                     std::isnan(value) ? "url(#not-a-number)" : hex(color), row_name, names[j],
                     p.reduced() ? "mean " : "", number_text(value, 5));
      if (!at.numbers) continue;
      fmt::format_to(to, R"(<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>)",
                     text_color(color) == Rgb{0, 0, 0} ? "n" : "n w", x + at.cell_width / 2,
                     y + at.cell_height / 2 + 3.5,
                     markup(cut(number_in(view, block, format, i, j, value), 9)));
    }
  }
  out.width = std::max(at.left + static_cast<double>(p.columns) * at.cell_width, heading) +
              (at.slanted ? static_cast<double>(widest_of(column_labels)) * kLetter * 0.67 : 0) + 8;
  out.height = at.top + static_cast<double>(p.rows) * at.cell_height + 6;
  return out;
}

Drawing draw_legend(const MatrixView& view, const Scale& scale) {
  constexpr int kPieces = 32;
  constexpr double kPiece = 6, kHeight = 10;
  Drawing out;
  auto to = std::back_inserter(out.svg);
  const double reach = scale.reach();
  const std::string first = scale.negative ? number_text(-reach, 3) : "0";
  const std::string last = number_text(reach, 3);
  double x = static_cast<double>(first.size()) * kLetter + 6;
  fmt::format_to(to, R"(<text x="0" y="10">{}</text>)", first);
  for (int i = 0; i < kPieces; ++i) {
    const double t = (i + 0.5) / kPieces;
    const double value = scale.negative ? (2 * t - 1) * reach : t * reach;
    fmt::format_to(to, R"(<rect x="{:.1f}" y="1" width="{:.1f}" height="{}" fill="{}"/>)", x,
                   kPiece, kHeight, hex(scale.color(value)));
    x += kPiece;
  }
  std::string text = last;
  if (scale.any) {
    text += fmt::format("   smallest {}, largest {}", number_text(scale.low, 4),
                        number_text(scale.high, 4));
  }
  std::size_t nan = 0, infinite = 0;
  for (const real v : view.values()) {
    nan += std::isnan(v) ? 1 : 0;
    infinite += std::isinf(v) ? 1 : 0;
  }
  if (infinite > 0) text += fmt::format(", {} infinite (-inf is grey)", infinite);
  if (nan > 0) text += fmt::format(", {} not a number (hatched)", nan);
  fmt::format_to(to, R"(<text x="{:.1f}" y="10" xml:space="preserve">{}</text>)", x + 6, text);
  out.width = x + 6 + static_cast<double>(text.size()) * kLetter;
  out.height = 14;
  return out;
}

std::string_view heatmap_defs() {
  return R"(<defs><pattern id="not-a-number" width="6" height="6" patternUnits="userSpaceOnUse">)"
         R"(<rect width="6" height="6" fill="#c8c8c8"/>)"
         R"(<path d="M0 6L6 0M-1 1L1 -1M5 7L7 5" stroke="#555"/></pattern></defs>)";
}

std::string heatmap_style() { return asset_in_one_line("heatmap.css"); }

}  // namespace attn
