#include "app/lesson/prose_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/lesson/markdown.h"
#include "app/lesson/prose_numbers.h"
#include "app/lesson/show.h"
#include "attn/core/error.h"
#include "attn/text/shell_words.h"

namespace attn::app {

namespace {

constexpr std::size_t kMostLines = 15, kWidth = 80;
constexpr double kSmall = 10;
constexpr const char* kLastHeading = "What to try next";

/// Above 10 or with a decimal point; not a year.
bool needs_proof(double value) {
  const bool year = value >= 1900 && value < 2100 && value == double(long(value));
  return (value > kSmall || value != double(long(value))) && !year;
}

/// The text of everything in a lesson that was computed or asked.
std::vector<double> proven_numbers(const Lesson& lesson) {
  std::string text;
  for (const LessonBlock& block : lesson.blocks) {
    if (const auto* run = std::get_if<RunBlock>(&block)) text += run->command + "\n";
    if (const auto* check = std::get_if<CheckBlock>(&block)) {
      for (const auto& row : check->rows) text += row.source + "\n";
    }
    const auto* ask = std::get_if<AskBlock>(&block);
    if (!ask) continue;
    const Question& q = ask->question;
    text += q.text + "\n" + q.why + "\n";
    for (const auto& choice : q.choices) text += choice.text + "\n";
    for (const auto& hint : q.hints) text += hint + "\n";
  }
  std::vector<double> out = literal_numbers(text);
  std::sort(out.begin(), out.end());
  return out;
}

/// The prose without its {{values}}, each line's number kept by the line breaks.
std::string without_values(const ProseBlock& prose, const std::string& source) {
  std::string out;
  for (const ProsePiece& piece : prose_pieces(prose, source))
    out += piece.is_value ? "" : piece.text;
  return out;
}

/// `attn ...` in the prose must be a command line that could be typed.
void check_command(const std::string& code, std::size_t line, std::vector<ProseProblem>& out) {
  if (!code.starts_with("attn ") || code.find_first_of("|<>$;&") != std::string::npos ||
      code.find("...") != std::string::npos)
    return;
  try {
    std::vector<std::string> words = shell_words(std::string_view(code).substr(5));
    const auto wants = [](const std::string& word) { return word == "--help" || word == "help"; };
    if (words.empty() || std::any_of(words.begin(), words.end(), wants)) return;
    parse_command_line(words);
  } catch (const Error& e) {
    out.push_back({line, fmt::format("`{}`: {}", code, e.what())});
  }
}

/// Code spans of a line, and the line without those that are commands or options.
std::vector<std::string> take_code(std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = line.find('`'); at != std::string::npos; at = line.find('`', at)) {
    const std::size_t end = line.find('`', at + 1);
    if (end == std::string::npos) break;
    const std::string code = line.substr(at + 1, end - at - 1);
    out.push_back(code);
    const bool command = code.starts_with("attn ") || code.starts_with("--");
    line.replace(at, end + 1 - at, command ? " " : " " + code + " ");
  }
  return out;
}

void check_lines(const Lesson& lesson, const ProseBlock& prose, const std::vector<double>& proven,
                 std::vector<ProseProblem>& out) {
  std::string text = without_values(prose, lesson.source);
  std::size_t number = prose.line;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    for (const std::string& code : take_code(line)) check_command(code, number, out);
    const std::size_t first = line.find_first_not_of(" 0123456789");
    if (first != std::string::npos && first > 0 && line.substr(first, 2) == ". ")
      line.erase(0, first);  // "1. " of a list
    for (const double value : literal_numbers(line)) {
      if (!needs_proof(value) || std::binary_search(proven.begin(), proven.end(), value)) continue;
      out.push_back(
          {number, fmt::format("the number {:.15g} stands in no run, check or ask of this lesson; "
                               "write {{{{...}}}} or a claim",
                               value)});
    }
  }
}

/// Lines that a screen's prose takes in a window of 80 columns.
class ScreenLength {
 public:
  explicit ScreenLength(std::vector<ProseProblem>& out) : out_(out) {}
  void prose(const std::string& text, std::size_t line) {
    RenderOptions options;
    options.width = kWidth;
    const std::string shown = show_markdown(text, options);
    if (lines_ == 0) line_ = line;
    for (std::size_t at = 0; at < shown.size(); ++at)
      lines_ += shown[at] == '\n' && at > 0 && shown[at - 1] != '\n' ? 1 : 0;
  }
  void end() {
    if (lines_ > kMostLines)
      out_.push_back({line_, fmt::format("this screen has {} lines of prose, at most {}; end it "
                                         "with --- or a question",
                                         lines_, kMostLines)});
    lines_ = 0;
  }

 private:
  std::vector<ProseProblem>& out_;
  std::size_t lines_ = 0, line_ = 0;
};

void check_screens(Reading& reading, std::vector<ProseProblem>& out) {
  ScreenLength length(out);
  for (std::size_t i = 0; i < reading.blocks().size(); ++i) {
    const LessonBlock& block = reading.blocks()[i];
    if (const auto* prose = std::get_if<ProseBlock>(&block)) {
      try {
        length.prose(reading.prose(i), prose->line);
      } catch (const Error&) {
        // a run before it fails, and is told
      }
    }
    const auto* run = std::get_if<RunBlock>(&block);
    if (std::holds_alternative<ScreenEnd>(block) || std::holds_alternative<AskBlock>(block) ||
        (run && !run->hidden))
      length.end();
  }
  length.end();
}

void check_end(const Lesson& lesson, std::vector<ProseProblem>& out) {
  std::string last;
  std::size_t line = 1;
  for (const LessonBlock& block : lesson.blocks) {
    const auto* prose = std::get_if<ProseBlock>(&block);
    if (!prose) continue;
    for (const Paragraph& p : parse_markdown(prose->markdown)) {
      if (p.kind != Paragraph::Kind::heading) continue;
      last = plain_text(p.spans);
      line = prose->line;
    }
  }
  if (last != kLastHeading)
    out.push_back(
        {line, fmt::format("the last heading is \"{}\", not \"## {}\"", last, kLastHeading)});
}

}  // namespace

std::vector<ProseProblem> prose_problems(Reading& reading) {
  std::vector<ProseProblem> out;
  const Lesson& lesson = reading.lesson();
  const std::vector<double> proven = proven_numbers(lesson);
  for (const LessonBlock& block : lesson.blocks) {
    if (const auto* prose = std::get_if<ProseBlock>(&block))
      check_lines(lesson, *prose, proven, out);
  }
  check_screens(reading, out);
  check_end(lesson, out);
  return out;
}

}  // namespace attn::app
