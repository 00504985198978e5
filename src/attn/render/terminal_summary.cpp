#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "attn/core/how_many.h"
#include "attn/render/format.h"
#include "attn/render/image.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kLinesOfNames = 3;
constexpr std::size_t kFewRows = 6;  // of the result, before words give way to it

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Where the tokens are patches of a picture, who looks at whom; else the step or table that the
/// trace says is its result; else the last computed step; else the last
/// table.
const Item* result_of(const Trace& trace, const std::vector<const Item*>& items) {
  const Item *named = nullptr, *computed = nullptr, *table = nullptr;
  for (const Item* item : items) {
    if (const auto* step = std::get_if<Step>(item)) {
      // Of a picture, what it looks at says more than the numbers that come of it.
      if (looks_at_scene(trace, MatrixView(trace, *step))) return item;
      if (step->path == trace.result) named = item;
      if (step->kind() == Tensor::Kind::value) computed = item;
    } else if (const auto* found = std::get_if<Table>(item)) {
      if (found->name == trace.result) named = item;
      table = item;
    }
  }
  return named ? named : computed ? computed : table;
}

/// "Steps: x, w_q, ... and 40 more." without the result, in at most three lines.
void put_names(Page& page, const std::vector<const Item*>& items, const Item* result) {
  std::vector<std::string> names;
  bool any_step = false;
  for (const Item* item : items) {
    if (item == result) continue;
    const auto* step = std::get_if<Step>(item);
    any_step |= step != nullptr;
    if (step) names.push_back(safe_text(step->path));
    if (const auto* table = std::get_if<Table>(item)) names.push_back(safe_text(table->name));
  }
  if (names.empty()) return;
  for (std::size_t shown = names.size(); shown > 0; --shown) {
    std::string text = fmt::format(
        "{}: {}", any_step ? "On the way" : "Also",
        fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
    if (shown > 1 && wrap(text + ".", page.width()).size() > kLinesOfNames) continue;
    return page.paragraph(text + ".", 0);
  }
}

void put_checks(Page& page, const std::vector<const Item*>& items) {
  std::size_t held = 0;
  for (const Item* item : items) {
    const auto* check = std::get_if<Check>(item);
    if (!check) continue;
    if (check->holds()) {
      ++held;
    } else {
      put_check(page, *check);
    }
  }
  if (held > 0)
    page.paragraph(held == 1 ? "1 check holds." : fmt::format("{} checks hold.", held), 0,
                   Ink::good);
}

/// A table with its first rows.
void put_table_part(Page& page, const Table& table, std::size_t most_rows) {
  Table part = table;
  const std::size_t left = table.rows.size() - std::min(table.rows.size(), most_rows);
  part.rows.resize(table.rows.size() - left);
  put_table(page, part);
  if (left > 0) page.paragraph(how_many(left, "more row"), 2, Ink::dim);
}

std::string summary_with(const Trace& trace, const RenderOptions& options,
                         const std::vector<const Item*>& items, const Item* result,
                         std::size_t most_rows, std::size_t most_remarks) {
  Page page(options);
  for (const std::string& line : wrap(safe_text(trace.title), page.width()))
    if (!line.empty()) page.put(Line().add(line, Ink::bold));
  for (const Item* item : items) {  // what is said before all numbers is the result in words
    const auto* remark = std::get_if<Remark>(item);
    if (!remark || most_remarks-- == 0) break;
    page.paragraph(safe_text(remark->text), 0);
  }
  put_names(page, items, result);
  put_checks(page, items);
  if (const auto* step = std::get_if<Step>(result)) {
    put_step(page, trace, *step, most_rows);
  } else {
    page.blank();
    put_table_part(page, std::get<Table>(*result), most_rows);
  }
  if (!trace.in_words.empty()) {
    page.blank();
    page.paragraph(safe_text(trace.in_words), 0, Ink::bold);
  }
  put_costs(page, trace, {});
  return page.take();
}

}  // namespace

std::string terminal_summary(const Trace& trace, const RenderOptions& options, std::size_t lines) {
  const std::vector<const Item*> items = shown_items(trace, options);
  const Item* result = result_of(trace, items);
  if (!result) return {};
  const auto is_remark = [](const Item* item) { return std::holds_alternative<Remark>(*item); };
  auto remarks = static_cast<std::size_t>(std::find_if_not(items.begin(), items.end(), is_remark) -
                                          items.begin());
  for (std::size_t most = std::max<std::size_t>(lines, 1);;) {
    std::string text = summary_with(trace, options, items, result, most, remarks);
    const std::size_t height = lines_in(text);
    if (height <= lines) {
      for (std::string larger; height < lines;
           text = std::move(larger)) {  // what gave way too much
        larger = summary_with(trace, options, items, result, ++most, remarks);
        if (larger == text || lines_in(larger) > lines) break;
      }
      return text;
    }
    if (most > kFewRows) {
      most -= std::min(most - kFewRows, std::max<std::size_t>((height - lines) / 2, 1));
    } else if (remarks > 0) {
      --remarks;  // what the numbers are of gives way to the numbers
    } else if (most > 1) {
      --most;
    } else {
      return text;
    }
  }
}

}  // namespace attn
