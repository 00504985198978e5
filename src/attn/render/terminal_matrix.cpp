#include <fmt/format.h>

#include <algorithm>

#include "attn/render/format.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kBetweenBlocks = 3;
constexpr std::size_t kWidestCell = 14;
constexpr std::size_t kShortLabel = 10;
constexpr std::size_t kGapWidth = 3;  // the "…" in the place of columns that are left out

/// How many rows and blocks a window shows; asking for a step with --show shows more of it.
struct Limits {
  std::size_t rows, blocks, columns;
};
constexpr Limits kUsual{24, 12, 64}, kParameter{12, 2, 64}, kAsked{256, 256, 256};

class MatrixText {
 public:
  MatrixText(Page& page, const MatrixView& view, std::size_t most_rows);
  void put();

 private:
  void choose_cells();
  void choose_labels();
  void put_panel(const Extract& columns);
  void put_header(const Extract& columns, std::size_t first_block, std::size_t blocks);
  void put_row(std::size_t row, const Extract& columns, std::size_t first, std::size_t blocks);
  void put_left_out(const Extract& columns);
  void add_labels(Line& line, const Extract& columns, std::size_t begin, int parity);
  std::string label(const std::string& text, std::size_t width) const;

  std::size_t pitch() const { return 1 + cell_ + (shaded_ ? 1 : 0); }
  std::size_t room() const {
    const std::size_t used = kIndent + row_label_;
    return page_.width() > used ? page_.width() - used : 0;
  }
  std::size_t panel_width(const Extract& columns) const {
    return columns.index.size() * pitch() + (columns.whole() ? 0 : kGapWidth);
  }
  bool uni() const { return page_.options().unicode; }

  Page& page_;
  const MatrixView& view_;
  NumberFormat format_;
  Scale scale_;
  Limits limits_;
  bool asked_;
  bool summary_ = false;
  bool heat_ = false, shaded_ = false;
  std::size_t cell_ = 1;       // columns of one number
  std::size_t row_label_ = 0;  // columns of the labels on the left
  bool staggered_ = false;     // column labels on two lines in turn
  Extract rows_, blocks_;
};

MatrixText::MatrixText(Page& page, const MatrixView& view, std::size_t most_rows)
    : page_(page),
      view_(view),
      format_(choose_format(view.values(), page.options().precision)),
      scale_(scale_of(view.values())),
      asked_(!page.options().show.empty()) {
  const bool parameter = view.step().kind() == Tensor::Kind::parameter;
  limits_ = asked_ ? kAsked : parameter ? kParameter : kUsual;
  if (most_rows < limits_.rows * limits_.blocks) {  // little room: of many heads the first
    limits_.rows = std::min(limits_.rows, most_rows);
    limits_.blocks = most_rows > 2 ? 2 : 1;
    summary_ = true;
  }
  const bool numbers = !view.step().is_ids() && view.values().size() > 1;
  heat_ = page.options().color && numbers && scale_.telling();
  shaded_ = !page.options().color && numbers && !scale_.flat() && !scale_.negative &&
            view.step().cells.empty();
  rows_ = extract(view.rows(), limits_.rows);
  blocks_ = extract(view.blocks(), limits_.blocks);
  choose_labels();
  choose_cells();
}

std::string MatrixText::label(const std::string& text, std::size_t width) const {
  const std::string shortened = cut(text, width, page_.mark());
  return uni() && right_to_left(shortened) ? isolated(shortened) : shortened;
}

void MatrixText::choose_labels() {
  if (view_.rank() < 2) {
    row_label_ = display_width(view_.column_axis());
  } else {
    row_label_ = display_width(view_.row_axis());
    for (const std::size_t i : rows_.index) {
      row_label_ = std::max(row_label_, display_width(view_.row_label(i)));
    }
  }
  row_label_ = std::min(row_label_, std::max<std::size_t>(page_.width() / 5, 6));
  if (heat_) ++row_label_;  // colours do not touch the labels
}

void MatrixText::choose_cells() {
  std::size_t text = format_.width;
  if (!view_.step().cells.empty()) {
    text = 1;
    for (std::size_t i = 0; i < std::min<std::size_t>(view_.step().cells.size(), 4096); ++i) {
      text = std::max(text, display_width(view_.cell(i)));
    }
  }
  cell_ = std::min(text, std::max<std::size_t>(kWidestCell, format_.width));
  const std::size_t n = view_.columns();
  // One decimal less, if that is what it takes to show every column.
  if (format_.style == NumberFormat::Style::fixed && format_.decimals >= 3 &&
      n * pitch() > room() && page_.options().precision < 0 && view_.step().cells.empty()) {
    const NumberFormat shorter = with_decimals(format_, view_.values(), format_.decimals - 1);
    const std::size_t needed = n * (pitch() - format_.width + shorter.width);
    const std::size_t spare = row_label_ - std::min(row_label_, kShortLabel);
    if (needed <= room() + spare) {
      if (needed > room()) row_label_ = kShortLabel;
      format_ = shorter;
      cell_ = shorter.width;
    }
  }
  // Cells grow to the widest label where there is room; else labels take turns on two lines.
  const std::size_t shade_width = shaded_ ? 1 : 0;
  std::size_t widest = 0;
  if (view_.columns_named()) {
    for (std::size_t j = 0; j < std::min<std::size_t>(n, 256); ++j) {
      widest = std::max(widest, display_width(view_.column_label(j)));
    }
    widest = std::min(widest, kWidestCell);
  } else {
    widest = std::to_string(n - 1).size();
  }
  const std::size_t each = room() / n;
  const std::size_t fitting = each > 1 + shade_width ? each - 1 - shade_width : 0;
  const std::size_t wanted = widest > shade_width ? widest - shade_width : 0;
  cell_ = std::max(cell_, view_.columns_named() ? std::min(wanted, fitting) : wanted);
  staggered_ = widest > cell_ + shade_width && n > 1;
}

void MatrixText::put() {
  const std::size_t n = view_.columns();
  const std::size_t fitting = std::max<std::size_t>(room() / pitch(), 1);
  Extract shown;
  if (n <= fitting) {
    shown = extract(n, n);
    put_panel(shown);
  } else if (asked_) {  // panels below each other
    shown = extract(n, limits_.columns);
    for (std::size_t at = 0; at < shown.index.size(); at += fitting) {
      Extract panel;
      const std::size_t end = std::min(at + fitting, shown.index.size());
      panel.index.assign(shown.index.begin() + static_cast<std::ptrdiff_t>(at),
                         shown.index.begin() + static_cast<std::ptrdiff_t>(end));
      panel.count = panel.gap = panel.index.size();
      if (at > 0) page_.put(Line());
      put_panel(panel);
    }
  } else {
    shown = extract(n, (room() - std::min(room(), kGapWidth)) / pitch());
    put_panel(shown);
  }
  if (!summary_) put_left_out(shown);
  const bool labelled = view_.rows_named() && view_.columns_named();
  if (!shown.whole() && labelled && (heat_ || shaded_)) put_map(page_, view_, scale_);
}

void MatrixText::put_panel(const Extract& columns) {
  const std::size_t block = panel_width(columns) + kBetweenBlocks;
  const std::size_t beside = std::max<std::size_t>((room() + kBetweenBlocks) / block, 1);
  for (std::size_t at = 0; at < blocks_.index.size();) {
    std::size_t n = std::min(beside, blocks_.index.size() - at);
    if (!blocks_.whole() && at < blocks_.gap) n = std::min(n, blocks_.gap - at);
    if (at > 0) page_.put(Line());
    put_header(columns, at, n);
    for (std::size_t i = 0; i < rows_.index.size(); ++i) {
      if (!rows_.whole() && i == rows_.gap) {
        page_.put(Line().space(kIndent).add(uni() ? "⋮" : ":", Ink::dim));
      }
      put_row(rows_.index[i], columns, at, n);
    }
    at += n;
  }
}

void MatrixText::add_labels(Line& line, const Extract& columns, std::size_t begin, int parity) {
  const std::size_t most = parity < 0 ? pitch() - 1 : 2 * pitch() - 1;
  const Ink ink = view_.columns_named() ? Ink::normal : Ink::dim;
  std::size_t column = begin;
  std::size_t free_from = line.width();  // where this label may begin
  for (std::size_t j = 0; j < columns.index.size(); ++j) {
    if (!columns.whole() && j == columns.gap) {
      if (parity != 1) line.to_column(column + 1).add(uni() ? "…" : "..", Ink::dim);
      column += kGapWidth;
      free_from = column + 1;
    }
    column += pitch();
    if (parity >= 0 && static_cast<int>(j % 2) != parity) continue;
    const std::size_t end = column;
    const std::size_t width = std::min(most, end > free_from ? end - free_from : 0);
    const std::string text = label(view_.column_label(columns.index[j]), width);
    line.to_column(end - display_width(text)).add(text, ink);
    free_from = end + 1;
  }
}

void MatrixText::put_header(const Extract& columns, std::size_t first, std::size_t blocks) {
  const std::size_t stride = panel_width(columns) + kBetweenBlocks;
  const std::size_t begin = kIndent + row_label_;
  Line titles;
  bool said = false;
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::string title = view_.block_title(blocks_.index[first + b]);
    const std::string axis = view_.rank() >= 2 ? view_.column_axis() : "";
    const std::string tip = axis.empty() ? "" : axis + (uni() ? " →" : " ->");
    const std::size_t from = begin + b * stride + 1;
    const std::size_t room_here = b + 1 < blocks ? stride - 2 : page_.width();
    const std::string shown = cut(title, room_here, page_.mark());
    said = said || !shown.empty() || !tip.empty();
    titles.to_column(from).add(shown, Ink::bold);
    const std::size_t used = display_width(shown);
    if (used + 2 + display_width(tip) <= room_here) {
      titles.space(used > 0 ? 2 : 0).add(tip, Ink::dim);
    }
  }
  if (said) page_.put(titles);

  const std::string corner = view_.rank() >= 2 ? view_.row_axis() : view_.column_axis();
  for (int line = 0; line < (staggered_ ? 2 : 1); ++line) {
    Line labels;
    labels.space(kIndent);
    if (!staggered_ || line == 1) labels.add(fit(corner, row_label_, page_.mark()), Ink::dim);
    if (view_.rank() == 0) break;
    for (std::size_t b = 0; b < blocks; ++b) {
      add_labels(labels, columns, begin + b * stride, staggered_ ? line : -1);
    }
    page_.put(labels);
  }
}

void MatrixText::put_row(std::size_t row, const Extract& columns, std::size_t first,
                         std::size_t blocks) {
  Line line;
  line.space(kIndent).add(label(view_.row_label(row), row_label_),
                          view_.rows_named() ? Ink::normal : Ink::dim);
  for (std::size_t b = 0; b < blocks; ++b) {
    line.to_column(kIndent + row_label_ + b * (panel_width(columns) + kBetweenBlocks));
    for (std::size_t j = 0; j < columns.index.size(); ++j) {
      if (!columns.whole() && j == columns.gap) line.space(kGapWidth);
      const std::size_t block = blocks_.index[first + b];
      const double value = view_.at(block, row, columns.index[j]);
      std::string text = view_.cell(view_.index(block, row, columns.index[j]));
      text = text.empty() ? format_(value) : label(text, cell_);
      text = " " + pad_left(text, cell_);
      if (heat_) {
        line.heat(text, scale_.color(value));
      } else {
        line.add(text);
        if (shaded_) line.add(shade(scale_.place(value), uni()));
      }
    }
  }
  page_.put(line);
}

void MatrixText::put_left_out(const Extract& columns) {
  std::vector<std::string> parts;
  if (!rows_.whole()) parts.push_back(rows_.left_out("row"));
  if (!columns.whole()) parts.push_back(columns.left_out("column"));
  if (!blocks_.whole()) parts.push_back(blocks_.left_out("block"));
  if (parts.empty()) return;
  std::string text = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i)
    text += (i + 1 < parts.size() ? ", " : " and ") + parts[i];
  text += " not shown; ";
  const std::string name = safe_text(view_.step().path);
  if (asked_) {
    text += fmt::format("--out {}.csv has them", name);
  } else {
    text += fmt::format("--show {} shows more{}; --out x.csv beside it writes all", name,
                        columns.whole() ? "" : ", as does a wider window");
  }
  page_.paragraph(text, kIndent, Ink::dim);
}

}  // namespace

void put_matrix(Page& page, const MatrixView& view, std::size_t most_rows) {
  if (view.empty()) {
    page.paragraph("no numbers: one of the axes has length 0", kIndent, Ink::dim);
    return;
  }
  if (view.rank() == 0) {
    const std::string cell = view.cell(0);
    page.put(Line().space(kIndent).add(cell.empty() ? number_text(view.at(0, 0, 0), 6) : cell));
    return;
  }
  MatrixText(page, view, most_rows).put();
}

}  // namespace attn
