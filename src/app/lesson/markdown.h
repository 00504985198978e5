#pragma once
// Markdown (CommonMark with tables, without HTML) as paragraphs, for a terminal and for a page.
#include <string>
#include <string_view>
#include <vector>

namespace attn::app {

struct Span {
  enum class Style { normal, emphasis, strong, code };
  std::string text;
  Style style = Style::normal;
};
using Spans = std::vector<Span>;

struct Paragraph {
  enum class Kind { text, heading, item, quote, code, rule, table };
  Kind kind = Kind::text;
  int level = 0;     ///< of a heading from 1; of an item, how deep from 0
  std::string mark;  ///< of an item's first paragraph: "-" or "2."
  Spans spans;
  std::vector<std::vector<Spans>> rows;  ///< of a table; the first holds the titles
};

/// Links become their text with the address behind it, pictures their description: nothing in it
/// asks the network. Throws Error(bad_input) if md4c gives up.
std::vector<Paragraph> parse_markdown(std::string_view text);

/// The spans as one text; code between `, unless `marks` is false.
std::string plain_text(const Spans& spans, bool marks = true);

}  // namespace attn::app
