#pragma once
// What every HTML page of attn is made of, whether it shows a command or a lesson. Every text in it
// is escaped, and nothing in it asks the network.
#include <map>
#include <string>
#include <string_view>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// Which section of a page ("s3") shows the step with this path.
using Sections = std::map<std::string, std::size_t, std::less<>>;

struct HtmlHead {
  std::string_view language = "en";
  std::string_view title;
  std::string_view style;  ///< an asset beside page.css, or ""
  bool scripts = false;    ///< without it the reader's browser is told to run none
};

/// From the document's type to the end of its <head>.
std::string html_head(const HtmlHead& head);
/// What drawings refer to; once in a page, at the beginning of its body.
std::string html_defs();

/// A step below its heading: formula, facts, explanation, and its numbers as tables of coloured
/// cells, or as drawings where they are large. What it was computed from is linked if it has a
/// section.
std::string html_step(const Trace& trace, const Step& step, const RenderOptions& options,
                      const Sections& sections);
/// What stands between the steps: a remark, a drawing, a check or a table. "" for a step.
std::string html_item(const Item& item, const RenderOptions& options);
/// Data for a script of the page: a block of JSON that no text in it can end.
std::string html_data(std::string_view json);
std::string html_check(bool holds, std::string_view text);

}  // namespace attn
