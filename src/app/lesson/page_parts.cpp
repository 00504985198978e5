#include "app/lesson/page_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/lesson/markdown.h"
#include "app/lesson/show.h"
#include "attn/render/format.h"
#include "attn/render/heatmap.h"
#include "attn/render/view.h"
#include "attn/text/shell_words.h"

namespace attn::app {

namespace {

constexpr std::size_t kMostBlocks = 16;
constexpr double kTextWidth = 700, kLargest = 1.4;  // pixels; how many times

std::string spans_html(const Spans& spans) {
  static constexpr const char* kTags[] = {"", "em", "strong", "code"};
  std::string out;
  for (const Span& span : spans) {
    const std::string_view tag = kTags[static_cast<int>(span.style)];
    out += tag.empty() ? markup(span.text) : fmt::format("<{0}>{1}</{0}>", tag, markup(span.text));
  }
  return out;
}

std::string row_html(const std::vector<Spans>& cells, std::string_view tag) {
  std::string out = "<tr>";
  for (const Spans& cell : cells) out += fmt::format("<{0}>{1}</{0}>", tag, spans_html(cell));
  return out + "</tr>\n";
}

/// Lists are opened and closed as their items come.
class MarkdownWriter {
 public:
  void put(const Paragraph& p) {
    using Kind = Paragraph::Kind;
    if (p.kind == Kind::item) return item(p);
    close_to(0);
    switch (p.kind) {
      case Kind::heading:
        out_ += fmt::format("<h{0}>{1}</h{0}>\n", std::min(p.level, 6), spans_html(p.spans));
        break;
      case Kind::quote:
        out_ += fmt::format("<blockquote>{}</blockquote>\n", spans_html(p.spans));
        break;
      case Kind::code:
        out_ += fmt::format("<pre>{}</pre>\n", markup(plain_text(p.spans, false)));
        break;
      case Kind::rule:
        out_ += "<hr>\n";
        break;
      case Kind::table:
        out_ += "<div class=\"scroll\"><table class=\"t\">\n";
        for (std::size_t i = 0; i < p.rows.size(); ++i)
          out_ += row_html(p.rows[i], i ? "td" : "th");
        out_ += "</table></div>\n";
        break;
      default:
        out_ += fmt::format("<p>{}</p>\n", spans_html(p.spans));
    }
  }
  std::string take() {
    close_to(0);
    return std::move(out_);
  }

 private:
  void close_to(std::size_t depth) {
    while (open_.size() > depth) {
      out_ += fmt::format("</li></{}>\n", open_.back());
      open_.pop_back();
    }
  }
  void item(const Paragraph& p) {
    const auto depth = static_cast<std::size_t>(p.level) + 1;
    close_to(depth);
    if (p.mark.empty() && open_.size() == depth) {
      out_ += fmt::format("<p>{}</p>", spans_html(p.spans));
      return;
    }
    if (open_.size() == depth) out_ += "</li>\n<li>";
    while (open_.size() < depth) {
      open_.push_back(p.mark.ends_with('.') ? "ol" : "ul");
      out_ += fmt::format("<{}><li>", open_.back());
    }
    out_ += spans_html(p.spans);
  }

  std::string out_;
  std::vector<std::string> open_;
};

/// What one run shows.
class RunWriter {
 public:
  explicit RunWriter(const LessonRun& run)
      : run_(run), options_(options_for(run, RenderOptions{})) {}

  std::string write() {
    add("<section class=\"run\">\n<p class=\"command\"><code>attn {}</code></p>\n",
        markup(shell_line(run_.words)));
    for (const Item* item : shown_items(run_.trace, options_)) {
      if (const auto* step = std::get_if<Step>(item)) {
        put(*step);
      } else if (const auto* table = std::get_if<Table>(item)) {
        put(*table);
      } else {
        put_words(*item);
      }
    }
    add("</section>\n");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void put(const Step& step) {
    const MatrixView view(run_.trace, step, options_.column_convention);
    add("<h3><code>{}</code></h3>\n<p class=\"facts\">{}{}{}</p>\n", markup(step.path),
        markup(step.formula), step.formula.empty() ? "" : " · ", markup(view.shape_text(" × ")));
    if (!options_.quiet && !step.about.empty()) add("<p>{}</p>\n", markup(step.about));
    if (view.empty()) return add("<p class=\"facts\">No numbers.</p>\n");
    const NumberFormat format = choose_format(view.values(), options_.precision);
    const Scale scale = scale_of(view.values());
    const Extract blocks = extract(view.blocks(), kMostBlocks);
    add("<div class=\"blocks\">\n");
    for (const std::size_t block : blocks.index) {
      const std::string title = markup(view.block_title(block));
      const Drawing drawing = draw_heatmap(view, block, scale, format);
      // A small one is drawn larger, up to the width of the text.
      const double larger = std::clamp(kTextWidth / drawing.width, 1.0, kLargest);
      add("<figure>{}<div class=\"scroll\"><svg viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
          "height=\"{:.0f}\" role=\"img\" aria-label=\"{} {}\">{}</svg></div></figure>\n",
          title.empty() ? "" : "<figcaption>" + title + "</figcaption>", drawing.width,
          drawing.height, drawing.width * larger, drawing.height * larger, markup(step.path), title,
          drawing.svg);
    }
    add("</div>\n");
    if (worth_coloring(view, scale)) {
      const Drawing legend = draw_legend(view, scale);
      add("<div class=\"scroll\"><svg width=\"{:.0f}\" height=\"{:.0f}\" role=\"img\" "
          "aria-label=\"colours\">{}</svg></div>\n",
          legend.width, legend.height, legend.svg);
    }
    if (const Picture reduced = picture(view, 0); reduced.reduced())
      add("<p class=\"facts\">Reduced: {}.</p>\n", reduced.note());
    if (!blocks.whole()) add("<p class=\"facts\">Not drawn: {}.</p>\n", blocks.left_out("block"));
  }

  void put(const Table& table) {
    add("<h3>{}</h3>\n", markup(table.name));
    if (!table.about.empty()) add("<p>{}</p>\n", markup(table.about));
    const std::vector<NumberFormat> formats = table_formats(table, options_.precision);
    add("<div class=\"scroll\"><table class=\"t\"><tr>");
    for (const std::string& name : table.columns) add("<th>{}</th>", markup(name));
    add("</tr>\n");
    for (const auto& row : table.rows) {
      add("<tr>");
      for (std::size_t j = 0; j < row.size() && j < formats.size(); ++j)
        add("<td>{}</td>", markup(cell_text(row[j], formats[j])));
      add("</tr>\n");
    }
    add("</table></div>\n");
  }

  void put_words(const Item& item) {
    if (const auto* remark = std::get_if<Remark>(&item)) {
      add("<p>{}</p>\n", markup(remark->text));
    } else if (const auto* verbatim = std::get_if<Verbatim>(&item)) {
      add("<pre>{}</pre>\n", markup(verbatim->text));
    } else if (const auto* check = std::get_if<Check>(&item)) {
      add("<p class=\"check{}\"><b>{}</b> {}</p>\n", check->holds() ? "" : " no",
          check->holds() ? "✓ holds:" : "✗ FAILS:", markup(check_text(*check)));
    }
  }

  const LessonRun& run_;
  RenderOptions options_;
  std::string out_;
};

}  // namespace

std::string markdown_html(std::string_view markdown) {
  MarkdownWriter writer;
  for (const Paragraph& p : parse_markdown(markdown)) writer.put(p);
  return writer.take();
}

std::string run_html(const LessonRun& run) { return RunWriter(run).write(); }

std::string_view page_style() {
  return R"(
body{font:17px/1.55 system-ui,sans-serif;color:#1b1b1b;background:#fff;margin:0}
main{max-width:46rem;margin:0 auto;padding:1rem}
h1{line-height:1.2}h2{margin-top:2.2rem}
pre,.command{background:#f3f3f3;padding:.6rem .8rem;overflow-x:auto;border-radius:4px}
code{font-family:ui-monospace,monospace;font-size:.92em}
.facts{color:#555;font-size:.9rem}
.scroll{overflow-x:auto}.blocks{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}
table.t{border-collapse:collapse}table.t td,table.t th{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #ddd}
.ask{border-left:4px solid #3b6ea5;padding:.2rem 1rem;margin:1.5rem 0;background:#f4f8fc}
details{margin:.4rem 0}summary{cursor:pointer;color:#234b76}
.check{margin:.3rem 0}.check b{color:#176b2c}.check.no b{color:#a3161f}.wrong p{display:inline}
)";
}

}  // namespace attn::app
