// The input is a lesson.md. What parses has blocks within the text, claims and values in it are
// read again from their own text, prose comes back from its pieces, and its Markdown has only known
// paragraphs. Every line is also read as a claim and as a command line.
#include <algorithm>

#include "app/lesson/lesson.h"
#include "app/lesson/markdown.h"
#include "app/lesson/prose_numbers.h"
#include "attn/text/shell_words.h"
#include "properties.h"

namespace {

void check_prose(const attn::app::ProseBlock& prose) {
  std::string whole;
  for (const auto& piece : attn::app::prose_pieces(prose, "input")) whole += piece.text;
  fuzz::require(whole == prose.markdown, "the pieces are the prose");
  for (const auto& p : attn::app::parse_markdown(prose.markdown)) {
    fuzz::require(p.level >= 0 && p.level < 1000, "levels are small");
    attn::app::plain_text(p.spans);
  }
}

void check_lesson(std::string_view text) {
  const attn::app::Lesson lesson = attn::app::parse_lesson(text, "input");
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  fuzz::require(lesson.minutes >= 1 && lesson.minutes <= 20, "minutes in range");
  for (const auto& block : lesson.blocks) {
    fuzz::require(attn::app::line_of(block) >= 1 && attn::app::line_of(block) <= lines,
                  "blocks within the text");
    if (const auto* prose = std::get_if<attn::app::ProseBlock>(&block)) check_prose(*prose);
    if (const auto* run = std::get_if<attn::app::RunBlock>(&block))
      fuzz::require(attn::shell_words(attn::shell_line(run->words)) == run->words,
                    "words round trip");
    if (const auto* check = std::get_if<attn::app::CheckBlock>(&block)) {
      for (const auto& row : check->rows) attn::app::parse_claim(row.source);
    }
    if (const auto* ask = std::get_if<attn::app::AskBlock>(&block))
      fuzz::require(ask->question.hints.size() == 3, "three hints");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] { check_lesson(text); });
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    fuzz::run([&] { attn::app::parse_claim(line); });
    fuzz::run([&] { attn::shell_words(line); });
    attn::app::literal_numbers(line);
    at = end + 1;
  }
  return 0;
}
