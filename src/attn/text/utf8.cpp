#include "attn/text/utf8.h"

#include <utf8proc.h>

#include <algorithm>

namespace attn {

namespace {

constexpr std::int32_t kBad = -1;
constexpr std::int32_t kTextStyle = 0xFE0E, kEmojiStyle = 0xFE0F;

/// One code point and the bytes it takes; kBad and 1 for a byte that is not UTF-8.
struct CodePoint {
  std::int32_t value;
  std::size_t length;
};

CodePoint code_point(std::string_view text, std::size_t at) {
  utf8proc_int32_t value = kBad;
  const utf8proc_ssize_t length = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4)), &value);
  if (length <= 0 || value < 0) return {kBad, 1};
  return {value, static_cast<std::size_t>(length)};
}

std::size_t code_point_width(std::int32_t value) {
  if (value == kBad) return 1;
  if (value < 0x20 || (value >= 0x7F && value < 0xA0)) return 0;
  if (value == 0xAD) return 1;  // soft hyphen: terminals show it
  const int width = utf8proc_charwidth(value);
  return width > 0 ? static_cast<std::size_t>(width) : 0;
}

bool is_regional(std::int32_t value) { return value >= 0x1F1E6 && value <= 0x1F1FF; }

bool is_invisible(std::int32_t value) {
  switch (utf8proc_category(value)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    case UTF8PROC_CATEGORY_ZS:
      return value != ' ';
    default:
      break;
  }
  // utf8proc knows nothing of code points without a character; Unicode keeps these for invisible
  // ones. And U+2800 is a Braille sign without a dot.
  return utf8proc_get_property(value)->ignorable || value == 0x2065 || value == 0x2800 ||
         (value >= 0xFFF0 && value <= 0xFFF8) || (value >= 0xE0000 && value <= 0xE0FFF);
}

/// A grapheme cluster: where it begins, how long and how wide it is.
struct Cluster {
  std::size_t begin, length, width;
};

/// Calls `visit(Cluster)` for each cluster until it returns false.
template <class Visit>
void each_cluster(std::string_view text, Visit visit) {
  std::size_t at = 0;
  while (at < text.size()) {
    CodePoint point = code_point(text, at);
    Cluster cluster{at, point.length, code_point_width(point.value)};
    bool flag = is_regional(point.value);
    utf8proc_int32_t state = 0;
    std::int32_t before = point.value;
    while (before != kBad && at + cluster.length < text.size()) {
      point = code_point(text, at + cluster.length);
      if (point.value == kBad || utf8proc_grapheme_break_stateful(before, point.value, &state)) {
        break;
      }
      cluster.length += point.length;
      cluster.width = std::max(cluster.width, code_point_width(point.value));
      if (flag && is_regional(point.value)) cluster.width = 2;
      if (point.value == kEmojiStyle) cluster.width = 2;
      if (point.value == kTextStyle) cluster.width = 1;
      before = point.value;
    }
    if (!visit(cluster)) return;
    at += cluster.length;
  }
}

}  // namespace

bool valid_utf8(std::string_view text, std::size_t* bad_at) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point(text, at);
    if (point.value == kBad) {
      if (bad_at) *bad_at = at;
      return false;
    }
    at += point.length;
  }
  return true;
}

std::string with_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point(text, at);
    if (point.value == kBad) {
      out += "\uFFFD";
    } else {
      out += text.substr(at, point.length);
    }
    at += point.length;
  }
  return out;
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> out;
  each_cluster(text, [&](const Cluster& c) {
    out.emplace_back(text.substr(c.begin, c.length));
    return true;
  });
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point(text, at);
    if (point.value == kBad) {
      out += text[at];
    } else {
      utf8proc_uint8_t bytes[4];
      const auto length = utf8proc_encode_char(utf8proc_tolower(point.value), bytes);
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    }
    at += point.length;
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  each_cluster(text, [&](const Cluster& c) {
    width += c.width;
    return true;
  });
  return width;
}

std::string cut(std::string_view text, std::size_t width, std::string_view mark) {
  const std::size_t mark_width = display_width(mark);
  const std::size_t room = width > mark_width ? width - mark_width : 0;
  std::size_t total = 0, kept = 0;
  each_cluster(text, [&](const Cluster& c) {
    total += c.width;
    if (total <= room) kept = c.begin + c.length;
    return total <= width;
  });
  if (total <= width) return std::string(text);
  if (width < mark_width) return {};
  return std::string(text.substr(0, kept)).append(mark);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(text).append(width > used ? width - used : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(width > used ? width - used : 0, ' ').append(text);
}

std::string fit(std::string_view text, std::size_t width, std::string_view mark) {
  return pad_right(cut(text, width, mark), width);
}

namespace {

/// One line of text without line breaks, broken into lines of at most `width` columns.
void wrap_line(std::string_view text, std::size_t width, std::vector<std::string>& lines) {
  const std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
  std::string line(std::min(indent, width / 2), ' ');
  std::size_t used = line.size();
  bool begun = false;  // the line has a word
  // What goes on under an indented line stands two columns further in.
  const std::size_t continued = indent == 0 ? 0 : std::min(indent + 2, width / 2);
  const auto close = [&] {
    lines.push_back(std::move(line));
    line.assign(continued, ' ');
    used = continued;
    begun = false;
  };
  for (std::size_t at = indent; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = std::min(text.find_first_not_of(' ', end), text.size());
    const std::size_t word_width = display_width(word);
    if (begun && used + 1 + word_width > width) close();
    if (begun) {
      line += ' ';
      ++used;
    }
    begun = true;
    each_cluster(word, [&](const Cluster& c) {
      if (used + c.width > width && used > continued) close();
      line += word.substr(c.begin, c.length);
      used += c.width;
      begun = true;
      return true;
    });
  }
  lines.push_back(std::move(line));
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    wrap_line(text.substr(at, end - at), std::max<std::size_t>(width, 2), lines);
    if (end == text.size()) break;
    at = end + 1;
  }
  return lines;
}

bool right_to_left(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point(text, at);
    at += point.length;
    if (point.value < 0x590) continue;
    const auto direction = utf8proc_get_property(point.value)->bidi_class;
    if (direction == UTF8PROC_BIDI_CLASS_R || direction == UTF8PROC_BIDI_CLASS_AL ||
        direction == UTF8PROC_BIDI_CLASS_AN) {
      return true;
    }
  }
  return false;
}

bool holds_invisible(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point(text, at);
    at += point.length;
    if (point.value != kBad && is_invisible(point.value)) return true;
  }
  return false;
}

std::string isolated(std::string_view text) {
  return std::string("\u2068").append(text).append("\u2069");
}

}  // namespace attn
