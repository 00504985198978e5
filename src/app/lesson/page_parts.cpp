#include "app/lesson/page_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/lesson/markdown.h"
#include "app/lesson/show.h"
#include "attn/render/heatmap.h"
#include "attn/render/html_parts.h"
#include "attn/render/view.h"
#include "attn/text/shell_words.h"

namespace attn::app {

namespace {

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
    const char* list = p.mark.ends_with('.') ? "ol" : "ul";
    if (open_.size() == depth && open_.back() != list) close_to(depth - 1);  // another list
    if (open_.size() == depth) out_ += "</li>\n<li>";
    while (open_.size() < depth) {
      open_.push_back(list);
      out_ += fmt::format("<{}><li>", open_.back());
    }
    out_ += spans_html(p.spans);
  }

  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace

std::string markdown_html(std::string_view markdown) {
  MarkdownWriter writer;
  for (const Paragraph& p : parse_markdown(markdown)) writer.put(p);
  return writer.take();
}

std::string run_html(const LessonRun& run) {
  const RenderOptions options = options_for(run, RenderOptions{});
  const Trace trace = without_times(run.trace);
  std::string out =
      fmt::format("<section class=\"run\">\n<p class=\"command\"><code>attn {}</code></p>\n",
                  markup(shell_line(run.words)));
  std::string held;
  int count = 0;
  for (const Item* item : shown_items(trace, options)) {
    if (const auto* step = std::get_if<Step>(item)) {
      out += fmt::format("<h3><code>{}</code></h3>\n", markup(step->path));
      out += html_step(trace, *step, options, {});
    } else if (const auto* check = std::get_if<Check>(item); check && check->holds()) {
      held += html_item(*item, options);
      ++count;
    } else {
      out += html_item(*item, options);
    }
  }
  if (count > 0)  // the program's own checks are not what a lesson claims
    out += fmt::format("<details class=\"checks\"><summary>{}</summary>\n{}</details>\n",
                       count == 1 ? "1 check holds" : fmt::format("{} checks hold", count), held);
  return out + "</section>\n";
}

}  // namespace attn::app
