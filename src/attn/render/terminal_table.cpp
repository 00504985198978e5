#include <fmt/format.h>

#include <algorithm>

#include "attn/render/format.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kBetween = 2;
constexpr std::size_t kMostCosts = 40;

/// Text in columns: numbers right, words left.
struct Grid {
  std::vector<std::string> head;
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows;
  bool last_is_total = false;
};

std::vector<std::size_t> column_widths(const Grid& grid, std::size_t room) {
  std::vector<std::size_t> widths;
  for (const std::string& name : grid.head) widths.push_back(display_width(name));
  for (const auto& row : grid.rows) {
    for (std::size_t j = 0; j < row.size() && j < widths.size(); ++j) {
      widths[j] = std::max(widths[j], display_width(row[j]));
    }
  }
  const auto total = [&] {
    std::size_t sum = kIndent;
    for (const std::size_t width : widths) sum += width + kBetween;
    return sum - std::min(sum, kBetween);
  };
  // The widest column of words gives way first, then the widest of all.
  while (total() > room) {
    std::size_t widest = widths.size();
    for (const bool words_only : {true, false}) {
      for (std::size_t j = 0; j < widths.size(); ++j) {
        if (words_only && (grid.right[j] || widths[j] <= 12)) continue;
        if (widths[j] > 3 && (widest == widths.size() || widths[j] > widths[widest])) widest = j;
      }
      if (widest < widths.size()) break;
    }
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

void put_grid(Page& page, const Grid& grid) {
  const std::vector<std::size_t> widths = column_widths(grid, page.width());
  const auto put = [&](const std::vector<std::string>& cells, Ink ink) {
    Line line;
    line.space(kIndent - kBetween);
    for (std::size_t j = 0; j < cells.size() && j < widths.size(); ++j) {
      std::string text = cut(cells[j], widths[j], page.mark());
      const std::size_t blank = widths[j] - std::min(widths[j], display_width(text));
      if (page.options().unicode && right_to_left(text)) text = isolated(text);
      line.space(kBetween + (grid.right[j] ? blank : 0)).add(text, ink);
      line.space(grid.right[j] ? 0 : blank);
    }
    page.put(line);
  };
  put(grid.head, Ink::dim);
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    put(grid.rows[i], grid.last_is_total && i + 1 == grid.rows.size() ? Ink::bold : Ink::normal);
  }
}

}  // namespace

void put_table(Page& page, const Table& table) {
  page.put(Line().add(safe_text(table.name), Ink::bold));
  if (!page.options().quiet && !table.about.empty())
    page.paragraph(safe_text(table.about), kIndent);
  Grid grid;
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    grid.head.push_back(label_text(table.columns[j]));
    grid.right.push_back(std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return j < row.size() && std::holds_alternative<double>(row[j]);
    }));
  }
  const std::vector<NumberFormat> formats = table_formats(table, page.options().precision);
  for (const auto& row : table.rows) {
    auto& cells = grid.rows.emplace_back();
    for (std::size_t j = 0; j < row.size() && j < formats.size(); ++j) {
      cells.push_back(cell_text(row[j], formats[j]));
    }
  }
  put_grid(page, grid);
}

void put_costs(Page& page, const Trace& trace, const std::vector<const Step*>& steps) {
  std::vector<const Step*> costly;
  double milliseconds = 0, flops = 0;
  for (const Step* step : steps) {
    if (step->kind() != Tensor::Kind::value) continue;
    costly.push_back(step);
    milliseconds += step->milliseconds;
    flops += step->flops;
  }
  if (costly.empty()) return;
  page.blank();
  if (costly.size() > kMostCosts) {
    std::vector<const Step*> slowest = costly;
    std::stable_sort(slowest.begin(), slowest.end(), [](const Step* a, const Step* b) {
      return a->milliseconds > b->milliseconds;
    });
    slowest.resize(kMostCosts);
    std::erase_if(costly, [&](const Step* step) {
      return std::find(slowest.begin(), slowest.end(), step) == slowest.end();
    });
    page.paragraph(fmt::format("The {} steps that took longest:", kMostCosts), 0);
  }
  const bool spread = trace.repeats > 1;
  const bool narrow = page.width() < 60;
  Grid grid;
  grid.last_is_total = true;
  grid.head = {"step"};
  grid.right = {false};
  const auto column = [&](const std::string& name, bool right) {
    grid.head.push_back(name);
    grid.right.push_back(right);
  };
  if (!narrow) column("shape", false);
  column("ms", true);
  if (spread) column(page.options().unicode ? "±" : "+-", true);
  column("operations", true);
  if (!narrow) column("GFLOP/s", true);
  const auto add = [&](const std::string& name, const std::string& shape, double ms, double half,
                       double operations) {
    auto& row = grid.rows.emplace_back();
    row.push_back(name);
    if (!narrow) row.push_back(shape);
    row.push_back(fmt::format("{:.3f}", ms));
    if (spread) row.push_back(half < 0 ? "" : fmt::format("{:.3f}", half));
    row.push_back(operations > 0 ? count_text(operations) : "");
    if (narrow) return;
    row.push_back(operations > 0 && ms > 0 ? fmt::format("{:.2f}", operations / ms / 1e6) : "");
  };
  for (const Step* step : costly) {
    const MatrixView view(trace, *step, page.options().column_convention);
    std::string shape;
    for (const std::size_t length : view.shown_shape()) {
      if (!shape.empty()) shape += page.options().unicode ? " × " : " x ";
      shape += std::to_string(length);
    }
    add(safe_text(step->path), shape, step->milliseconds, step->spread, step->flops);
  }
  add("total", "", milliseconds, -1, flops);
  put_grid(page, grid);
  if (!spread) return;
  page.paragraph(
      fmt::format("Times are the median of {} runs; {} is half the distance between their "
                  "quartiles.",
                  trace.repeats, grid.head[narrow ? 2 : 3]),
      kIndent, Ink::dim);
}

}  // namespace attn
