#include "attn/render/html_parts.h"

#include <fmt/format.h>

#include <iterator>
#include <variant>

#include "attn/render/assets.h"
#include "attn/render/format.h"
#include "attn/render/heatmap.h"
#include "attn/render/image.h"

namespace attn {

namespace {

constexpr std::size_t kMostPageBlocks = 16, kWidestTable = 32, kTallestTable = 64;

class StepWriter {
 public:
  StepWriter(const Trace& trace, const RenderOptions& options, const Sections& sections)
      : trace_(trace), options_(options), sections_(sections) {}
  std::string write(const Step& step);

 private:
  void put_links(const Step& step);
  void put_matrix(const MatrixView& view);
  void put_block(const MatrixView& view, std::size_t block);
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  const Trace& trace_;
  const RenderOptions& options_;
  const Sections& sections_;
  NumberFormat format_;
  Scale scale_;
  bool heat_ = false;
  std::string out_;
};

void StepWriter::put_links(const Step& step) {
  bool first = true;
  for (const std::string& path : step.from) {
    add("{}", first ? " · from " : ", ");
    first = false;
    const auto found = sections_.find(path);
    if (found == sections_.end()) {
      add("{}", markup(path));
    } else {
      add("<a href=\"#s{}\">{}</a>", found->second, markup(path));
    }
  }
}

std::string StepWriter::write(const Step& step) {
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
  if (step.look == Look::picture) {
    const Image image = image_of(step);
    add("<p><img class=\"pixels\" width=\"{}\" height=\"{}\" alt=\"the picture\" src=\"{}\"></p>\n",
        image.width, image.height, data_uri(image));
  } else {
    put_matrix(view);
  }
  return std::move(out_);
}

void StepWriter::put_matrix(const MatrixView& view) {
  if (view.empty()) {
    add("<p class=\"note\">No numbers: one of the axes has length 0.</p>\n");
    return;
  }
  format_ = choose_format(view.values(), options_.precision);
  scale_ = scale_of(view.values());
  heat_ = worth_coloring(view, scale_);
  const Extract blocks = extract(view.blocks(), kMostPageBlocks);
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

void StepWriter::put_block(const MatrixView& view, std::size_t block) {
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

std::string html_table(const Table& table, const RenderOptions& options) {
  std::string out = fmt::format("<h3>{}</h3>\n", markup(table.name));
  if (!options.quiet && !table.about.empty())
    out += fmt::format("<p class=\"about\">{}</p>\n", markup(table.about));
  const std::vector<NumberFormat> formats = table_formats(table, options.precision);
  out += "<div class=\"scroll\"><table class=\"t\"><thead><tr>";
  for (const std::string& name : table.columns)
    out += fmt::format("<th scope=\"col\">{}</th>", markup(name));
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t j = 0; j < row.size() && j < formats.size(); ++j) {
      out +=
          fmt::format("<td{}>{}</td>", std::holds_alternative<double>(row[j]) ? " class=\"r\"" : "",
                      markup(cell_text(row[j], formats[j])));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace

std::string html_head(const HtmlHead& head) {
  std::string style = heatmap_style();
  style.append("\n").append(asset("page.css"));
  if (!head.style.empty()) style.append("\n").append(asset(head.style));
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; img-src data:{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style></head>\n",
      markup(head.language), head.scripts ? "; script-src 'unsafe-inline'" : "", markup(head.title),
      style);
}

std::string html_defs() {
  return fmt::format(
      "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\">{}</svg>\n",
      heatmap_defs());
}

std::string html_step(const Trace& trace, const Step& step, const RenderOptions& options,
                      const Sections& sections) {
  return StepWriter(trace, options, sections).write(step);
}

std::string html_item(const Item& item, const RenderOptions& options) {
  if (const auto* remark = std::get_if<Remark>(&item))
    return fmt::format("<p class=\"remark\">{}</p>\n", markup(remark->text));
  if (const auto* verbatim = std::get_if<Verbatim>(&item))
    return fmt::format("<pre>{}</pre>\n", markup(verbatim->text));
  if (const auto* check = std::get_if<Check>(&item))
    return html_check(check->holds(), check_text(*check));
  if (const auto* table = std::get_if<Table>(&item)) return html_table(*table, options);
  return {};
}

std::string html_data(std::string_view json) {
  std::string out = "<script type=\"application/json\">";
  // These three occur in strings alone; escaped, no text can end the block or begin another one.
  for (const char c : json) {
    if (c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "</script>\n";
}

std::string html_check(bool holds, std::string_view text) {
  return fmt::format("<p class=\"check{}\"><b>{}</b> {}</p>\n", holds ? "" : " no",
                     holds ? "✓ holds:" : "✗ FAILS:", markup(text));
}

}  // namespace attn
