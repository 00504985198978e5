#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// True if `text` is UTF-8. If not, `*bad_at` (when given) is the offset of the first bad byte.
bool valid_utf8(std::string_view text, std::size_t* bad_at = nullptr);

/// The same text with U+FFFD in place of every byte that is not UTF-8.
std::string with_valid_utf8(std::string_view text);

/// The characters as a reader counts them: a letter with its accents, a flag, a family emoji is one
/// (grapheme clusters, UAX #29). A byte that is not UTF-8 is a character of its own.
std::vector<std::string> characters(std::string_view text);

/// Small letters, code point by code point; bytes that are not UTF-8 stay as they are.
std::string lower(std::string_view text);

/// Columns that the text takes in a terminal: 2 for CJK and emoji, 0 for combining marks, joiners
/// and control characters, 1 for a byte that is not UTF-8.
std::size_t display_width(std::string_view text);

/// Exactly `width` columns: padded with spaces on the right, or cut with `mark` ("…", "~") at the
/// end.
std::string fit(std::string_view text, std::size_t width, std::string_view mark = "…");
/// At most `width` columns: as fit(), without the padding.
std::string cut(std::string_view text, std::size_t width, std::string_view mark = "…");
/// At least `width` columns, with spaces on the left.
std::string pad_left(std::string_view text, std::size_t width);
/// At least `width` columns, with spaces on the right.
std::string pad_right(std::string_view text, std::size_t width);

/// Lines of at most `width` columns, broken at spaces; a longer word is broken inside. A line break
/// in the text stays one, and so do the spaces a line begins with; what goes on under such a line
/// stands two columns further in.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// True if the text holds a letter that is written from right to left (Arabic, Hebrew).
bool right_to_left(std::string_view text);
/// True if the text holds a character that nobody sees or that looks like a plain space: controls,
/// format controls, other spaces, variation selectors, letters without ink. Two names that differ
/// in one would look the same.
bool holds_invisible(std::string_view text);
/// Between U+2068 and U+2069, so that right-to-left text does not turn around what stands beside
/// it.
std::string isolated(std::string_view text);

}  // namespace attn
