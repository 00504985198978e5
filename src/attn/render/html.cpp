#include "attn/render/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <variant>

#include "attn/render/format.h"
#include "attn/render/heatmap.h"
#include "attn/render/html_assets.h"
#include "attn/render/html_lines.h"
#include "attn/text/shell_words.h"

namespace attn {

namespace {

constexpr std::size_t kMostBlocks = 16, kWidestTable = 32, kTallestTable = 64;

/// What one entry of the list of steps shows: a step and what follows it up to the next step that
/// is shown.
struct Chapter {
  const Step* step = nullptr;  // null: what stands before the first step
  std::vector<const Item*> items;
};

class HtmlPage {
 public:
  HtmlPage(const Trace& trace, const RenderOptions& options) : trace_(trace), options_(options) {}
  std::string write();

 private:
  void collect();
  void put(std::size_t i);
  void put_start();
  void put_step(const Step& step);
  void put_matrix(const MatrixView& view);
  void put_block(const MatrixView& view, std::size_t block);
  void put_item(const Item& item);
  void put_table(const Table& table);
  void put_links(const Step& step);
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  const Trace& trace_;
  const RenderOptions& options_;
  std::vector<Chapter> chapters_;
  std::map<std::string, std::size_t, std::less<>> chapter_of_;
  NumberFormat format_;
  Scale scale_;
  bool heat_ = false;
  std::string lines_;  // who looks at whom; empty if the trace has no weights between words
  std::string out_;
};

void HtmlPage::collect() {
  chapters_.emplace_back();
  for (const Item* item : shown_items(trace_, options_)) {
    if (const auto* step = std::get_if<Step>(item)) {
      chapter_of_[step->path] = chapters_.size();
      chapters_.push_back({step, {}});
    } else {
      chapters_.back().items.push_back(item);
    }
  }
}

void HtmlPage::put_links(const Step& step) {
  bool first = true;
  for (const std::string& path : step.from) {
    add("{}", first ? " · from " : ", ");
    first = false;
    const auto found = chapter_of_.find(path);
    if (found == chapter_of_.end()) {
      add("{}", markup(path));
    } else {
      add("<a href=\"#s{}\">{}</a>", found->second, markup(path));
    }
  }
}

void HtmlPage::put_step(const Step& step) {
  const MatrixView view(trace_, step, options_.column_convention);
  if (!step.formula.empty())
    add("<p class=\"formula\"><code>{}</code></p>\n", markup(step.formula));
  add("<p class=\"facts\">{}", markup(view.shape_text(" × ")));
  const std::string kind = kind_text(trace_, step);
  if (!kind.empty()) add(" · {}", markup(kind));
  if (step.milliseconds > 0) add(" · {}", time_text(step.milliseconds));
  if (step.flops > 0) add(" · {} operations", count_text(step.flops));
  put_links(step);
  add("</p>\n");
  if (!options_.quiet && !step.about.empty())
    add("<p class=\"about\">{}</p>\n", markup(step.about));
  put_matrix(view);
}

void HtmlPage::put_matrix(const MatrixView& view) {
  if (view.empty()) {
    add("<p class=\"note\">No numbers: one of the axes has length 0.</p>\n");
    return;
  }
  format_ = choose_format(view.values(), options_.precision);
  scale_ = scale_of(view.values());
  heat_ = worth_coloring(view, scale_);
  const Extract blocks = extract(view.blocks(), kMostBlocks);
  const bool as_table = view.columns() <= kWidestTable && view.rows() <= kTallestTable;
  add("<div class=\"blocks\">\n");
  for (const std::size_t block : blocks.index) {
    const std::string title = markup(view.block_title(block));
    add("<figure data-title=\"{}\">", title);
    if (as_table && !title.empty()) add("<figcaption>{}</figcaption>", title);
    add("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{} {}\">",
        markup(view.step().path), title);
    if (as_table) {
      put_block(view, block);
    } else {
      const Drawing drawing = draw_heatmap(view, block, scale_, format_);
      add("<svg width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" aria-label=\"heat "
          "map\">{2}</svg>",
          drawing.width, drawing.height, drawing.svg);
    }
    add("</div></figure>\n");
  }
  add("</div>\n");
  if (heat_) {
    const Drawing legend = draw_legend(view, scale_);
    add("<div class=\"legend scroll\"><svg width=\"{:.0f}\" height=\"{:.0f}\" role=\"img\" "
        "aria-label=\"colours\">{}</svg></div>\n",
        legend.width, legend.height, legend.svg);
  }
  const Picture reduced = picture(view, 0);
  if (!as_table && reduced.reduced()) add("<p class=\"note\">Reduced: {}.</p>\n", reduced.note());
  if (!blocks.whole()) add("<p class=\"note\">Not drawn: {}.</p>\n", blocks.left_out("block"));
}

void HtmlPage::put_block(const MatrixView& view, std::size_t block) {
  const bool rows = view.rank() >= 2;
  add("<table class=\"m\"><thead>");
  if (rows && !view.column_axis().empty()) {
    add("<tr><td></td><th class=\"axis\" colspan=\"{}\">{} →</th></tr>", view.columns(),
        markup(view.column_axis()));
  }
  add("<tr><th class=\"axis\">{}</th>", markup(rows ? view.row_axis() : view.column_axis()));
  std::vector<std::string> names;
  for (std::size_t j = 0; j < view.columns() && view.rank() > 0; ++j) {
    const std::string label = markup(view.column_label(j));
    add("<th scope=\"col\">{}</th>", label);
    names.push_back(markup(view.column_axis()) + " " + label);
  }
  add("</tr></thead><tbody>\n");
  for (std::size_t i = 0; i < view.rows(); ++i) {
    const std::string label = markup(view.row_label(i));
    add("<tr><th scope=\"row\">{}</th>", label);
    const std::string row = rows ? markup(view.row_axis()) + " " + label + ", " : "";
    for (std::size_t j = 0; j < view.columns(); ++j) {
      const double value = view.at(block, i, j);
      const std::string cell = view.cell(view.index(block, i, j));
      const std::string text = cell.empty() ? format_(value) : markup(cell);
      const std::string where = row + (j < names.size() ? names[j] + ": " : "");
      if (!heat_) {
        add("<td class=\"o\" title=\"{}{}\">{}</td>", where, number_text(value, 6), text);
      } else if (value != value) {
        add("<td class=\"x\" title=\"{}not a number\">{}</td>", where, text);
      } else {
        const Rgb color = scale_.color(value);
        add("<td{} style=\"background:{}\" title=\"{}{}\">{}</td>",
            text_color(color) == Rgb{0, 0, 0} ? "" : " class=\"w\"", hex(color), where,
            number_text(value, 6), text);
      }
    }
    add("</tr>\n");
  }
  add("</tbody></table>");
}

void HtmlPage::put_table(const Table& table) {
  add("<h3>{}</h3>\n", markup(table.name));
  if (!options_.quiet && !table.about.empty())
    add("<p class=\"about\">{}</p>\n", markup(table.about));
  const std::vector<NumberFormat> formats = table_formats(table, options_.precision);
  add("<div class=\"scroll\"><table class=\"t\"><thead><tr>");
  for (const std::string& name : table.columns) add("<th scope=\"col\">{}</th>", markup(name));
  add("</tr></thead><tbody>\n");
  for (const auto& row : table.rows) {
    add("<tr>");
    for (std::size_t j = 0; j < row.size() && j < formats.size(); ++j) {
      add("<td{}>{}</td>", std::holds_alternative<double>(row[j]) ? " class=\"r\"" : "",
          markup(cell_text(row[j], formats[j])));
    }
    add("</tr>\n");
  }
  add("</tbody></table></div>\n");
}

void HtmlPage::put_item(const Item& item) {
  if (const auto* remark = std::get_if<Remark>(&item)) {
    add("<p class=\"remark\">{}</p>\n", markup(remark->text));
  } else if (const auto* verbatim = std::get_if<Verbatim>(&item)) {
    add("<pre>{}</pre>\n", markup(verbatim->text));
  } else if (const auto* check = std::get_if<Check>(&item)) {
    const bool holds = check->holds();
    add("<p class=\"check{}\"><b>{}</b> {}</p>\n", holds ? "" : " no",
        holds ? "✓ holds:" : "✗ FAILS:", markup(check_text(*check)));
  } else if (const auto* table = std::get_if<Table>(&item)) {
    put_table(*table);
  }
}

/// What stands before the first step: who looks at whom, the tokens, how to get this page again,
/// and all steps at a glance.
void HtmlPage::put_start() {
  out_ += lines_;
  add("<h2>At a glance</h2>\n");
  if (options_.column_convention) {
    add("<p class=\"remark\">Column convention: a token is a column, so every matrix is shown "
        "transposed. The formulas are those of the row convention.</p>\n");
  }
  if (!trace_.tokens.empty()) {
    add("<p class=\"remark\">The tokens: <code>");
    for (const std::string& token : trace_.tokens) add("{} ", markup(label_text(token)));
    add("</code></p>\n");
  }
  if (!trace_.command.empty()) {
    add("<h3>The same again</h3>\n<pre>{}</pre>\n", markup("attn " + shell_line(trace_.command)));
    add("<p class=\"about\">The same command gives the same numbers: what is random depends on the "
        "seed alone, here {}.</p>\n",
        trace_.seed);
  }
  if (chapters_.size() < 2) return;
  add("<h3>The steps</h3>\n<div class=\"scroll\"><table class=\"t\"><thead><tr><th "
      "scope=\"col\">step</th><th scope=\"col\">formula</th><th scope=\"col\">shape</th><th "
      "scope=\"col\">kind</th></tr></thead><tbody>\n");
  for (std::size_t i = 1; i < chapters_.size(); ++i) {
    const Step& step = *chapters_[i].step;
    add("<tr><td><a href=\"#s{}\"><code>{}</code></a></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        i, markup(step.path), markup(step.formula),
        markup(MatrixView(trace_, step, options_.column_convention).shape_text(" × ")),
        kind_name(step));
  }
  add("</tbody></table></div>\n");
}

void HtmlPage::put(std::size_t i) {
  const Chapter& chapter = chapters_[i];
  add("<section id=\"s{}\" tabindex=\"-1\">\n", i);
  if (chapter.step) {
    add("<h2><code>{}</code><small>step {} of {}</small></h2>\n", markup(chapter.step->path), i,
        chapters_.size() - 1);
    put_step(*chapter.step);
  } else {
    put_start();
  }
  for (const Item* item : chapter.items) put_item(*item);
  add("</section>\n");
}

std::string HtmlPage::write() {
  collect();
  lines_ = html_lines(trace_, options_, chapter_of_);
  // A page with a sentence in place of the lines has nothing to choose.
  const bool choice = lines_.find("<script") != std::string::npos;
  const std::string title = markup(trace_.title.empty() ? "attn" : trace_.title);
  add("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}{}{}</style></head>\n",
      title, heatmap_style(), html_style(), lines_.empty() ? "" : html_lines_style());
  add("<body><a class=\"skip\" href=\"#main\">Skip the list of steps</a>\n"
      "<header><h1>{}</h1><p class=\"meta\"><code>{}</code>",
      title, markup("attn " + shell_line(trace_.command)));
  add(" · seed {} · {}</p></header>\n", trace_.seed, time_text(trace_.milliseconds));
  add("<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\">{}</svg>\n",
      heatmap_defs());
  add("<div class=\"layout\"><nav aria-label=\"Steps\"><ol>\n");
  for (std::size_t i = 0; i < chapters_.size(); ++i) {
    const Step* step = chapters_[i].step;
    add("<li><a href=\"#s{}\" class=\"{}\">{}</a></li>\n", i, step ? kind_name(*step) : "value",
        step ? markup(step->path) : "Start");
  }
  add("</ol></nav>\n<main id=\"main\">\n");
  for (std::size_t i = 0; i < chapters_.size(); ++i) put(i);
  add("</main></div>\n<div class=\"pager\" hidden><button type=\"button\">← Previous</button>"
      "<button type=\"button\">Next →</button>"
      "<button type=\"button\" aria-pressed=\"false\">All on one page</button>"
      "<output></output></div>\n<script>{}{}</script></body></html>\n",
      html_script(), choice ? html_lines_script() : "");
  return std::move(out_);
}

}  // namespace

std::string html(const Trace& trace, const RenderOptions& options) {
  return HtmlPage(trace, options).write();
}

}  // namespace attn
