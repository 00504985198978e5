#include "app/lesson/markdown.h"

#include <md4c.h>

#include <algorithm>

#include "attn/core/error.h"

namespace attn::app {

namespace {

constexpr unsigned kDialect = MD_FLAG_TABLES | MD_FLAG_NOHTML | MD_FLAG_NOINDENTEDCODEBLOCKS;

struct List {
  bool numbered = false;
  unsigned next = 1;
};

/// What the callbacks of md4c fill.
struct Builder {
  std::vector<Paragraph> out;
  std::vector<List> lists;
  std::string mark;  // of an item whose first paragraph has not begun
  int strong = 0, emphasis = 0, code = 0, quotes = 0;
  std::vector<std::string> addresses;
  bool open = false;  // the last paragraph takes text

  Paragraph& begin(Paragraph::Kind kind, int level = 0) {
    Paragraph p;
    p.kind = kind;
    p.level = level;
    if (!lists.empty() && kind == Paragraph::Kind::text) {
      p.kind = Paragraph::Kind::item;
      p.level = static_cast<int>(lists.size()) - 1;
      p.mark = std::move(mark);
      mark.clear();
    } else if (quotes > 0 && kind == Paragraph::Kind::text) {
      p.kind = Paragraph::Kind::quote;
    }
    out.push_back(std::move(p));
    open = true;
    return out.back();
  }

  void add(std::string_view text) {
    if (!open) begin(Paragraph::Kind::text);
    Paragraph& p = out.back();
    Spans& spans = p.kind == Paragraph::Kind::table ? p.rows.back().back() : p.spans;
    const Span::Style style = code > 0       ? Span::Style::code
                              : strong > 0   ? Span::Style::strong
                              : emphasis > 0 ? Span::Style::emphasis
                                             : Span::Style::normal;
    if (spans.empty() || spans.back().style != style) spans.push_back({"", style});
    spans.back().text.append(text);
  }
};

Builder& of(void* data) { return *static_cast<Builder*>(data); }

int enter_block(MD_BLOCKTYPE type, void* detail, void* data) {
  Builder& b = of(data);
  using Kind = Paragraph::Kind;
  switch (type) {
    case MD_BLOCK_UL:
      b.lists.push_back({});
      b.open = false;
      break;
    case MD_BLOCK_OL:
      b.lists.push_back({true, static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start});
      b.open = false;
      break;
    case MD_BLOCK_LI:
      b.mark = b.lists.back().numbered ? std::to_string(b.lists.back().next++) + "." : "-";
      b.open = false;
      break;
    case MD_BLOCK_QUOTE:
      ++b.quotes;
      break;
    case MD_BLOCK_HR:
      b.begin(Kind::rule);
      b.open = false;
      break;
    case MD_BLOCK_H:
      b.begin(Kind::heading, static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level));
      break;
    case MD_BLOCK_CODE:
      b.begin(Kind::code);
      break;
    case MD_BLOCK_P:
      b.begin(Kind::text);
      break;
    case MD_BLOCK_TABLE:
      b.begin(Kind::table);
      break;
    case MD_BLOCK_TR:
      b.out.back().rows.emplace_back();
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      b.out.back().rows.back().emplace_back();
      break;
    default:
      break;
  }
  return 0;
}

int leave_block(MD_BLOCKTYPE type, void*, void* data) {
  Builder& b = of(data);
  switch (type) {
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      b.lists.pop_back();
      b.open = false;
      break;
    case MD_BLOCK_QUOTE:
      --b.quotes;
      b.open = false;
      break;
    case MD_BLOCK_LI:
    case MD_BLOCK_H:
    case MD_BLOCK_P:
    case MD_BLOCK_CODE:
    case MD_BLOCK_TABLE:
      b.open = false;
      break;
    default:
      break;
  }
  return 0;
}

int enter_span(MD_SPANTYPE type, void* detail, void* data) {
  Builder& b = of(data);
  if (type == MD_SPAN_STRONG) ++b.strong;
  if (type == MD_SPAN_EM) ++b.emphasis;
  if (type == MD_SPAN_CODE) ++b.code;
  if (type == MD_SPAN_A) {
    const MD_ATTRIBUTE& address = static_cast<MD_SPAN_A_DETAIL*>(detail)->href;
    b.addresses.emplace_back(address.text ? address.text : "", address.size);
  }
  return 0;
}

int leave_span(MD_SPANTYPE type, void*, void* data) {
  Builder& b = of(data);
  if (type == MD_SPAN_STRONG) --b.strong;
  if (type == MD_SPAN_EM) --b.emphasis;
  if (type == MD_SPAN_CODE) --b.code;
  if (type == MD_SPAN_A) {
    if (!b.addresses.back().empty()) b.add(" (" + b.addresses.back() + ")");
    b.addresses.pop_back();
  }
  return 0;
}

int take_text(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* data) {
  Builder& b = of(data);
  if (type == MD_TEXT_BR) {
    b.add("\n");
  } else if (type == MD_TEXT_SOFTBR) {
    b.add(" ");
  } else if (type == MD_TEXT_NULLCHAR) {
    b.add("\uFFFD");
  } else if (type == MD_TEXT_ENTITY && std::string_view(text, size) == "&nbsp;") {
    b.add("\u00A0");
  } else {
    b.add({text, size});
  }
  return 0;
}

}  // namespace

std::vector<Paragraph> parse_markdown(std::string_view text) {
  Builder builder;
  MD_PARSER parser{};
  parser.flags = kDialect;
  parser.enter_block = enter_block;
  parser.leave_block = leave_block;
  parser.enter_span = enter_span;
  parser.leave_span = leave_span;
  parser.text = take_text;
  if (md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &builder) != 0)
    throw Error(ErrorKind::bad_input, "this text is no Markdown that can be read");
  return std::move(builder.out);
}

std::string plain_text(const Spans& spans, bool marks) {
  std::string out;
  for (const Span& span : spans)
    out += marks && span.style == Span::Style::code ? "`" + span.text + "`" : span.text;
  return out;
}

}  // namespace attn::app
