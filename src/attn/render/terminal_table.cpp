#include <fmt/format.h>

#include <algorithm>

#include "attn/core/how_many.h"
#include "attn/render/format.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kTableIndent = 2;
constexpr std::size_t kBetweenColumns = 2;
constexpr std::size_t kMostCosts = 40;

/// Text in columns: numbers right, words left.
struct Grid {
  std::vector<std::string> head;
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows;
  bool last_is_total = false;
  bool in_one = false;  // never cut into several: names become shorter in place of it
};

/// A header over two lines, broken at the space that makes it narrowest. The first is "" if there
/// is none.
std::pair<std::string, std::string> in_two_lines(const std::string& name) {
  std::pair<std::string, std::string> best{"", name};
  std::size_t narrowest = display_width(name);
  for (std::size_t at = name.find(' '); at != std::string::npos; at = name.find(' ', at + 1)) {
    const std::string above = name.substr(0, at), below = name.substr(at + 1);
    const std::size_t width = std::max(display_width(above), display_width(below));
    if (width >= narrowest) continue;
    narrowest = width;
    best = {above, below};
  }
  return best;
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
  std::size_t sum = kTableIndent;
  for (const std::size_t width : widths) sum += width + kBetweenColumns;
  return sum - std::min(sum, kBetweenColumns);
}

/// What the columns would like to have.
std::vector<std::size_t> natural_widths(const Grid& grid, bool two_lines) {
  std::vector<std::size_t> widths;
  for (const std::string& name : grid.head) {
    const auto [above, below] = two_lines ? in_two_lines(name) : std::pair{std::string(), name};
    widths.push_back(std::max(display_width(above), display_width(below)));
  }
  for (const auto& row : grid.rows) {
    for (std::size_t j = 0; j < row.size() && j < widths.size(); ++j) {
      widths[j] = std::max(widths[j], display_width(row[j]));
    }
  }
  return widths;
}

/// What they get where there is not room for all of it.
std::vector<std::size_t> narrowed(std::vector<std::size_t> widths, const Grid& grid,
                                  std::size_t room) {
  // The widest column of words gives way first, then the widest of all.
  while (total_width(widths) > room) {
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

void put_columns(Page& page, const Grid& grid, const std::vector<std::size_t>& widths,
                 bool two_lines) {
  const auto put = [&](const std::vector<std::string>& cells, Ink ink) {
    Line line;
    line.space(kTableIndent - kBetweenColumns);
    for (std::size_t j = 0; j < cells.size() && j < widths.size(); ++j) {
      std::string text = cut(cells[j], widths[j], page.mark());
      const std::size_t blank = widths[j] - std::min(widths[j], display_width(text));
      if (page.options().unicode && right_to_left(text)) text = isolated(text);
      line.space(kBetweenColumns + (grid.right[j] ? blank : 0)).add(text, ink);
      line.space(grid.right[j] ? 0 : blank);
    }
    page.put(line);
  };
  std::vector<std::string> above, below;
  for (const std::string& name : grid.head) {
    const bool whole = !two_lines || display_width(name) <= widths[above.size()];
    const auto [first, second] = whole ? std::pair{std::string(), name} : in_two_lines(name);
    above.push_back(first);
    below.push_back(second);
  }
  if (std::any_of(above.begin(), above.end(), [](const std::string& s) { return !s.empty(); }))
    put(above, Ink::dim);
  put(below, Ink::dim);
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    put(grid.rows[i], grid.last_is_total && i + 1 == grid.rows.size() ? Ink::bold : Ink::normal);
  }
}

/// The columns of a grid with these places, the first always among them.
Grid part_of(const Grid& grid, std::size_t begin, std::size_t end) {
  const auto chosen = [&](std::size_t j) { return j == 0 || (j >= begin && j < end); };
  Grid part;
  part.last_is_total = grid.last_is_total;
  for (std::size_t j = 0; j < grid.head.size(); ++j) {
    if (!chosen(j)) continue;
    part.head.push_back(grid.head[j]);
    part.right.push_back(grid.right[j]);
  }
  for (const auto& row : grid.rows) {
    auto& cells = part.rows.emplace_back();
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (chosen(j)) cells.push_back(row[j]);
    }
  }
  return part;
}

/// In one piece if it fits, at need with headers over two lines; else in several, one below the
/// other, each beginning with the first column.
void put_grid(Page& page, const Grid& grid) {
  for (const bool two_lines : {false, true}) {
    const std::vector<std::size_t> widths = natural_widths(grid, two_lines);
    if (total_width(widths) <= page.width()) return put_columns(page, grid, widths, two_lines);
  }
  const std::vector<std::size_t> widths = natural_widths(grid, true);
  if (grid.in_one || widths.size() <= 2)
    return put_columns(page, grid, narrowed(widths, grid, page.width()), true);
  for (std::size_t begin = 1; begin < widths.size();) {
    std::size_t end = begin + 1, used = kTableIndent + widths[0] + kBetweenColumns + widths[begin];
    while (end < widths.size() && used + kBetweenColumns + widths[end] <= page.width())
      used += kBetweenColumns + widths[end++];
    if (begin > 1) page.blank();
    put_grid(page, part_of(grid, begin, end));
    begin = end;
  }
}

}  // namespace

void put_table(Page& page, const Table& table) {
  if (!table.name.empty()) page.put(Line().add(safe_text(table.name), Ink::bold));
  if (!page.options().quiet && !table.about.empty())
    page.paragraph(safe_text(table.about), kTableIndent);
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
  const auto is_computed = [](const Step* step) { return step->kind() == Tensor::Kind::value; };
  std::vector<const Step*> costly, all = trace.steps();
  std::copy_if(steps.begin(), steps.end(), std::back_inserter(costly), is_computed);
  double milliseconds = 0, flops = 0;
  std::erase_if(all, [&](const Step* step) { return !is_computed(step); });
  for (const Step* step : all) {
    milliseconds += step->milliseconds;
    flops += step->flops;
  }
  const bool some = costly.size() < all.size();
  if (all.empty() || (milliseconds <= 0 && flops <= 0)) return;
  page.blank();
  if (costly.empty() || (!page.options().timing && trace.repeats == 1)) {
    return page.paragraph(
        fmt::format("{} in {}, {} operations (--timing: each step).", how_many(all.size(), "step"),
                    time_text(milliseconds), count_text(flops)),
        0, Ink::dim);
  }
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
  grid.last_is_total = grid.in_one = true;
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
  add(some ? fmt::format("all {} steps", all.size()) : "total", "", milliseconds, -1, flops);
  put_grid(page, grid);
  if (!spread) return;
  page.paragraph(
      fmt::format("Times are the median of {} runs; {} is half the distance between their "
                  "quartiles.",
                  trace.repeats, grid.head[narrow ? 2 : 3]),
      kTableIndent, Ink::dim);
}

}  // namespace attn
