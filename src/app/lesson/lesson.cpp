#include "app/lesson/lesson.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/lesson/ask_parse.h"
#include "attn/core/error.h"
#include "attn/core/trimmed.h"
#include "attn/text/shell_words.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

constexpr std::size_t kLargest = 1 << 20, kMostBlocks = 1000, kMostClaims = 50, kMostNeeds = 20;
constexpr std::size_t kWidestText = 76;
constexpr int kMostMinutes = 20;
constexpr std::string_view kFence = "```";

std::vector<SourceLine> lines_of(std::string_view text) {
  std::vector<SourceLine> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.push_back({std::string(line), out.size() + 1});
    at = end + 1;
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::string_view rest = trimmed(text); !rest.empty(); rest = trimmed(rest)) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 60 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

class LessonReader {
 public:
  LessonReader(std::string_view text, const std::string& source) : lines_(lines_of(text)) {
    lesson_.source = source;
  }

  Lesson read() {
    head();
    while (at_ < lines_.size()) {
      if (lesson_.blocks.size() >= kMostBlocks)
        throw Error(ErrorKind::limit,
                    fmt::format("{}: more than {} blocks", lesson_.source, kMostBlocks));
      const std::string& line = lines_[at_].text;
      if (line.starts_with(kFence)) {
        end_prose();
        block();
      } else if (trimmed(line) == "---") {
        end_prose();
        lesson_.blocks.emplace_back(ScreenEnd{lines_[at_++].line});
      } else {
        if (prose_.empty()) prose_line_ = lines_[at_].line;
        prose_ += line + "\n";
        ++at_;
      }
    }
    end_prose();
    return std::move(lesson_);
  }

 private:
  [[noreturn]] void bad(std::size_t line, const std::string& message,
                        const std::string& hint = "") const {
    lesson_error(lesson_.source, line, message, hint);
  }

  void head() {
    const std::string hint = "a lesson begins with title:, needs: and minutes:, then an empty line";
    for (; at_ < lines_.size() && !trimmed(lines_[at_].text).empty(); ++at_) {
      const auto& [text, line] = lines_[at_];
      const std::size_t colon = std::min(text.find(':'), text.size());
      const std::string key(trimmed(std::string_view(text).substr(0, colon)));
      const std::string value(
          trimmed(std::string_view(text).substr(std::min(colon + 1, text.size()))));
      if (key == "title") {
        lesson_.title = value;
      } else if (key == "needs") {
        needs(value, line);
      } else if (key == "minutes") {
        const auto [end, problem] =
            std::from_chars(value.data(), value.data() + value.size(), lesson_.minutes);
        if (problem != std::errc() || end != value.data() + value.size() || lesson_.minutes < 1 ||
            lesson_.minutes > kMostMinutes)
          bad(line,
              fmt::format("minutes are a number from 1 to {}, not \"{}\"", kMostMinutes,
                          escaped(value)),
              hint);
      } else if (key == "core") {
        if (value != "yes") bad(line, "core is yes, or the line is left out", hint);
        lesson_.core = true;
      } else {
        bad(line, fmt::format("\"{}\" is no line of a lesson's beginning", escaped(text)), hint);
      }
    }
    if (lesson_.title.empty()) bad(1, "the lesson has no title", hint);
    if (lesson_.minutes == 0) bad(1, "the lesson has no minutes", hint);
  }

  void needs(std::string value, std::size_t line) {
    std::replace(value.begin(), value.end(), ',', ' ');
    lesson_.needs = words_of(value);
    if (lesson_.needs.size() > kMostNeeds) bad(line, "it needs too many lessons");
    for (const std::string& number : lesson_.needs) {
      if (number.size() != 2 || number.find_first_not_of("0123456789") != std::string::npos)
        bad(line, fmt::format("\"{}\" is no number of a lesson", escaped(number)),
            "two digits, as in needs: 04, 05");
    }
  }

  void end_prose() {
    if (prose_.find_first_not_of(" \t\n") != std::string::npos) {
      ProseBlock prose{std::move(prose_), prose_line_};
      prose_pieces(prose, lesson_.source);  // every value in it can be read
      lesson_.blocks.emplace_back(std::move(prose));
    }
    prose_.clear();
  }

  void block() {
    const std::size_t line = lines_[at_].line;
    const std::vector<std::string> info =
        words_of(std::string_view(lines_[at_].text).substr(kFence.size()));
    std::vector<SourceLine> inside;
    for (++at_; at_ < lines_.size() && trimmed(lines_[at_].text) != kFence; ++at_)
      inside.push_back(lines_[at_]);
    if (at_ == lines_.size()) bad(line, "this block has no end", "close it with ```");
    ++at_;
    const std::string kind = info.empty() ? "" : info[0];
    if (kind != "run" && info.size() > 1)
      bad(line, fmt::format("nothing stands after \"{}\"", escaped(kind)));
    if (kind == "run") {
      run(info, inside, line);
    } else if (kind == "check") {
      check(inside, line);
    } else if (kind == "ask") {
      lesson_.blocks.emplace_back(AskBlock{parse_question(inside, lesson_.source, line), line});
    } else if (kind == "text") {
      text(inside, line);
    } else if (kind == "exercise") {
      exercise(inside, line);
    } else {
      bad(line, fmt::format("no kind of block is \"{}\"", escaped(kind)),
          "one of: run, check, ask, text, exercise");
    }
  }

  static std::vector<SourceLine> filled(const std::vector<SourceLine>& lines) {
    std::vector<SourceLine> out;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(out),
                 [](const SourceLine& l) { return !trimmed(l.text).empty(); });
    return out;
  }

  void run(const std::vector<std::string>& info, const std::vector<SourceLine>& inside,
           std::size_t line) {
    RunBlock out;
    out.line = line;
    for (std::size_t i = 1; i < info.size(); ++i) {
      if (info[i] == "hidden") {
        out.hidden = true;
      } else if (info[i].starts_with("beside:")) {
        out.beside = info[i].substr(7);
      } else if (out.name.empty() && is_name(info[i])) {
        out.name = info[i];
      } else {
        bad(line, fmt::format("\"{}\" after run", escaped(info[i])),
            "run, a name in small letters if wanted, hidden or beside:NAME if wanted");
      }
    }
    bool stands_before = out.beside.empty();
    for (const LessonBlock& before : lesson_.blocks) {
      const auto* other = std::get_if<RunBlock>(&before);
      stands_before = stands_before || (other && other->name == out.beside);
      if (other && !out.name.empty() && other->name == out.name)
        bad(line, fmt::format("a run before this one has the name \"{}\" too", out.name));
    }
    if (!stands_before)
      bad(line, fmt::format("no run before this one has the name \"{}\"", escaped(out.beside)));
    const std::vector<SourceLine> commands = filled(inside);
    if (commands.size() != 1) bad(line, "a run block holds one command line");
    out.command = trimmed(commands[0].text);
    if (out.command.starts_with("attn "))
      bad(commands[0].line, "a run block's command stands without \"attn\"");
    out.words = read_at(lesson_.source, commands[0].line, [&] { return shell_words(out.command); });
    if (out.words.empty()) bad(commands[0].line, "no command");
    lesson_.blocks.emplace_back(std::move(out));
  }

  void check(const std::vector<SourceLine>& inside, std::size_t line) {
    CheckBlock out;
    out.line = line;
    for (const SourceLine& row : filled(inside)) {
      if (out.rows.size() == kMostClaims) bad(row.line, "too many claims in one block");
      const std::string_view text = row.text;
      const std::size_t mark = std::min(text.find(" # "), text.size());
      CheckBlock::Row claim;
      claim.line = row.line;
      claim.source = trimmed(text.substr(0, mark));
      claim.shown = mark < text.size() ? trimmed(text.substr(mark + 3)) : claim.source;
      claim.claim = read_at(lesson_.source, row.line, [&] { return parse_claim(claim.source); });
      out.rows.push_back(std::move(claim));
    }
    if (out.rows.empty()) bad(line, "a check block without claims");
    lesson_.blocks.emplace_back(std::move(out));
  }

  void text(const std::vector<SourceLine>& inside, std::size_t line) {
    TextBlock out;
    out.line = line;
    for (const SourceLine& row : inside) {
      if (display_width(row.text) > kWidestText)
        bad(row.line, fmt::format("a line of {} columns", display_width(row.text)),
            fmt::format("a text block has at most {}", kWidestText));
      out.text += row.text + "\n";
    }
    if (filled(inside).empty()) bad(line, "a text block without text");
    lesson_.blocks.emplace_back(std::move(out));
  }

  void exercise(const std::vector<SourceLine>& inside, std::size_t line) {
    const std::vector<SourceLine> names = filled(inside);
    if (names.size() != 1 || !is_name(trimmed(names[0].text)))
      bad(line, "an exercise block holds one name", "the folder below exercises/");
    lesson_.blocks.emplace_back(ExerciseBlock{std::string(trimmed(names[0].text)), line});
  }

  std::vector<SourceLine> lines_;
  std::size_t at_ = 0;
  std::string prose_;
  std::size_t prose_line_ = 0;
  Lesson lesson_;
};

}  // namespace

std::size_t line_of(const LessonBlock& block) {
  return std::visit([](const auto& b) { return b.line; }, block);
}

Lesson parse_lesson(std::string_view text, const std::string& source) {
  const std::string name = escaped(source, 200);
  if (text.size() > kLargest)
    throw Error(ErrorKind::limit, fmt::format("{}: {} bytes", name, text.size()),
                "a lesson has at most a megabyte");
  std::size_t bad = 0;
  if (!valid_utf8(text, &bad))
    throw Error(ErrorKind::bad_input, fmt::format("{} is not UTF-8 at byte {}", name, bad),
                "save the text as UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return LessonReader(text, name).read();
}

std::vector<ProsePiece> prose_pieces(const ProseBlock& prose, const std::string& source) {
  std::vector<ProsePiece> out;
  const std::string_view text = prose.markdown;
  std::size_t line = prose.line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find("{{", at), text.size());
    ProsePiece plain;
    plain.text = text.substr(at, open - at);
    plain.line = line;
    line += static_cast<std::size_t>(std::count(plain.text.begin(), plain.text.end(), '\n'));
    if (!plain.text.empty()) out.push_back(std::move(plain));
    if (open == text.size()) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos ||
        text.substr(open, close - open).find('\n') != std::string_view::npos)
      lesson_error(source, line, "{{ without }} on the same line");
    std::string_view inside = text.substr(open + 2, close - open - 2);
    ProsePiece value;
    value.is_value = true;
    value.line = line;
    value.text = text.substr(open, close + 2 - open);
    if (const std::size_t bar = inside.find('|'); bar != std::string_view::npos) {
      const std::string decimals(trimmed(inside.substr(bar + 1)));
      if (decimals.size() != 1 || decimals[0] < '0' || decimals[0] > '9')
        lesson_error(source, line, "after | stands the number of decimals, 0 to 9");
      value.decimals = decimals[0] - '0';
      inside = inside.substr(0, bar);
    }
    value.value = read_at(source, line, [&] { return parse_expression(inside); });
    out.push_back(std::move(value));
    at = close + 2;
  }
  return out;
}

}  // namespace attn::app
