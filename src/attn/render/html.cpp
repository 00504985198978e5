#include "attn/render/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <variant>

#include "attn/render/assets.h"
#include "attn/render/format.h"
#include "attn/render/heatmap.h"
#include "attn/render/html_lines.h"
#include "attn/render/html_parts.h"
#include "attn/render/html_scene.h"
#include "attn/text/shell_words.h"

namespace attn {

namespace {

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
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  const Trace& trace_;
  const RenderOptions& options_;
  std::vector<Chapter> chapters_;
  Sections chapter_of_;
  std::string lines_;  // who looks at whom; empty if the trace has no weights between words
  std::string scene_;  // the same over a picture
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

/// What stands before the first step: who looks at whom, the tokens, how to get this page again,
/// and all steps at a glance.
void HtmlPage::put_start() {
  out_ += scene_;
  out_ += lines_;
  add("<h2>At a glance</h2>\n");
  if (options_.column_convention) {
    add("<p class=\"remark\">{}</p>\n", kColumnConvention);
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
    out_ += html_step(trace_, *chapter.step, options_, chapter_of_);
  } else {
    put_start();
  }
  for (const Item* item : chapter.items) out_ += html_item(*item, options_);
  add("</section>\n");
}

std::string HtmlPage::write() {
  collect();
  lines_ = html_lines(trace_, options_, chapter_of_);
  scene_ = html_scene(trace_, options_);
  // A page with a sentence in place of the lines has nothing to choose.
  const bool choice = lines_.find("<script") != std::string::npos;
  const std::string title = trace_.title.empty() ? "attn" : trace_.title;
  out_ += html_head({.title = title,
                     .style = !scene_.empty()   ? "scene.css"
                              : !lines_.empty() ? "lines.css"
                                                : "",
                     .scripts = true});
  add("<body><a class=\"skip\" href=\"#main\">Skip the list of steps</a>\n"
      "<header><h1>{}</h1><p class=\"meta\"><code>{}</code>",
      markup(title), markup("attn " + shell_line(trace_.command)));
  add(" · seed {} · {}</p></header>\n", trace_.seed, time_text(trace_.milliseconds));
  out_ += html_defs();
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
      "<output></output></div>\n<script>\n{}",
      asset("page.js"));
  if (choice) add("\n{}", asset("lines.js"));
  if (scene_.find("<script") != std::string::npos) add("\n{}", asset("scene.js"));
  add("</script></body></html>\n");
  return std::move(out_);
}

}  // namespace

std::string html(const Trace& trace, const RenderOptions& options) {
  return HtmlPage(trace, options).write();
}

}  // namespace attn
