// Where text meets a reader: the pager, standard input and output, and what a terminal can show.
#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <random>

#include "app/frame/console.h"
#include "app/frame/paged.h"
#include "app/frame/pager.h"
#include "app/frame/terminal.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"
#include "io_support.h"
#include "program/process.h"
#include "surroundings.h"

using namespace attn;
using namespace attn::app;
using attn::test::Environment;
using attn::test::PseudoTerminal;
using attn::test::Redirected;
using io_test::Folder;

namespace {

/// A window whose reader types these lines, or Enter for ever.
class Window : public Console {
 public:
  Window(std::size_t rows, std::size_t width) : rows_(rows) { options_.width = width; }
  Window(std::size_t rows, std::size_t width, std::deque<std::string> typed) : Window(rows, width) {
    typed_ = std::move(typed);
  }
  void write(std::string_view text) override {
    if (text == "-- more: Enter -- ") {
      pages.emplace_back();
    } else {
      pages.back() += text;
    }
  }
  std::optional<std::string> read_line() override {
    if (!typed_) return "";
    if (typed_->empty()) return {};
    const std::string line = typed_->front();
    typed_->pop_front();
    return line;
  }
  bool answers() const override { return true; }
  std::size_t rows() const override { return rows_; }
  const RenderOptions& options() const override { return options_; }

  std::string all() const {
    std::string out;
    for (const std::string& page : pages) out += page;
    return out;
  }
  std::vector<std::string> pages = {""};  ///< what came between two waits

 private:
  std::size_t rows_;
  RenderOptions options_;
  std::optional<std::deque<std::string>> typed_;
};

/// Lines of every length, some wide, some coloured, some empty; here without the colours' codes.
struct RandomText {
  std::string text;
  std::vector<std::size_t> columns;  ///< of each line
};

RandomText random_text(std::mt19937& random) {
  const auto below = [&](unsigned n) { return random() % n; };
  RandomText out;
  const std::size_t lines = below(40);
  for (std::size_t i = 0; i < lines; ++i) {
    std::size_t columns = 0;
    const std::size_t letters = below(3) == 0 ? 0 : below(60);
    for (std::size_t k = 0; k < letters; ++k) {
      const bool wide = below(5) == 0, colour = below(7) == 0;
      out.text += std::string(colour ? "\x1b[48;5;231m" : "") + (wide ? "中" : "x") +
                  (colour ? "\x1b[0m" : "");
      columns += wide ? 2 : 1;
    }
    out.text += "\n";
    out.columns.push_back(columns);
  }
  return out;
}

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// What StandardConsole reads until the end from these bytes.
std::vector<std::string> lines_read(const std::string& bytes) {
  const Folder folder;
  write_file(folder / "input", bytes);
  std::vector<std::string> out;
  const Redirected input(STDIN_FILENO, folder / "input");
  StandardConsole console{RenderOptions{}};
  while (auto line = console.read_line()) out.push_back(std::move(*line));
  return out;
}

}  // namespace

TEST_CASE("pager: no line is lost, repeated or out of order, in a window of any height") {
  std::mt19937 random(1);
  for (std::size_t rows = 1; rows <= 30; ++rows) {
    for (int i = 0; i < 10; ++i) {
      const RandomText text = random_text(random);
      const std::size_t width = 1 + random() % 50;
      INFO(rows, " rows of ", width);
      Window window(rows, width);
      Pager pager(window);
      CHECK(pager.write(text.text));
      CHECK(window.all() == text.text);
      std::size_t line = 0;
      for (const std::string& page : window.pages) {
        std::size_t height = 0;
        const std::size_t lines = lines_in(page);
        for (std::size_t k = 0; k < lines; ++k, ++line)
          height += std::max<std::size_t>(1, (text.columns[line] + width - 1) / width);
        const bool fits = lines <= 1 || height + 1 <= rows;  // 1: what asks for Enter
        CHECK(fits);
      }
      CHECK(line == text.columns.size());
    }
  }
}

TEST_CASE("pager: text that comes in pieces waits as often as text that comes at once") {
  std::mt19937 random(2);
  for (int i = 0; i < 50; ++i) {
    const RandomText text = random_text(random);
    Window whole(8, 30), pieces(8, 30), torn(8, 30);
    Pager first(whole), second(pieces), third(torn);
    CHECK(first.write(text.text));
    for (std::size_t at = 0; at < text.text.size();) {
      const std::size_t end = text.text.find('\n', at) + 1;
      CHECK(second.write(text.text.substr(at, end - at)));
      at = end;
    }
    CHECK(whole.pages == pieces.pages);
    for (std::size_t at = 0; at < text.text.size();) {  // anywhere, even inside a character
      const std::size_t count = 1 + random() % 20;
      CHECK(third.write(text.text.substr(at, count)));
      at += count;
    }
    CHECK(torn.all() == text.text);
  }
}

TEST_CASE("pager: by hand, a window of 5 rows holds 3 lines and what asks for Enter") {
  Window window(5, 80);
  Pager pager(window);
  CHECK(pager.write("1\n2\n3\n4\n5\n6\n7\n"));
  CHECK(window.pages == std::vector<std::string>{"1\n2\n3\n", "4\n5\n6\n", "7\n"});
  pager.read();  // somebody typed: a fresh window
  CHECK(pager.write("8\n9\n10\n"));
  CHECK(window.pages.size() == 3);
  CHECK(pager.write("11\n"));
  CHECK(window.pages.back() == "11\n");
}

TEST_CASE("paged: a text needs pages where it and the prompt are higher than the window") {
  const Window window(5, 10), endless(0, 10);
  CHECK_FALSE(needs_pages(window, "1\n2\n3\n4\n"));
  CHECK(needs_pages(window, "1\n2\n3\n4\n5\n"));
  CHECK(needs_pages(window, "0123456789012345678901234567890\n5\n"));  // wrapped
  CHECK_FALSE(needs_pages(window, "\x1b[48;2;100;100;100mxxxx\x1b[0m\n2\n3\n4\n"));
  CHECK_FALSE(needs_pages(endless, std::string(1000, '\n')));
  CHECK(room_for_summary(Window(24, 80)) == 21);
  CHECK(room_for_summary(Window(24, 40)) == 20);
  CHECK(room_for_summary(Window(2, 1)) == 0);
}

TEST_CASE("pager: q, Q and the end of input leave, and nothing more is written") {
  for (const std::deque<std::string>& typed : {std::deque<std::string>{"", "q"}, {"", "Q"}, {""}}) {
    Window window(4, 80, typed);
    Pager pager(window);
    CHECK_FALSE(pager.write("1\n2\n3\n4\n5\n6\n7\n"));
    CHECK(window.all() == "1\n2\n3\n4\n");
  }
}

TEST_CASE("pager: where nothing scrolls away it never waits; a width of 0 does no harm") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "line\n";
  Window endless(0, 80), narrow(10, 0);
  Pager pager(endless), other(narrow);
  CHECK(pager.write(text));
  CHECK(pager.write(""));
  CHECK(endless.pages == std::vector<std::string>{text});
  CHECK(other.write(text));
  CHECK(narrow.all() == text);
}

TEST_CASE("console: lines come without their ends, the last one also where it has none") {
  using Lines = std::vector<std::string>;
  CHECK(lines_read("") == Lines{});
  CHECK(lines_read("\n") == Lines{""});
  CHECK(lines_read("one\r\n\ntwo words \nlast") == Lines{"one", "", "two words ", "last"});
  CHECK(lines_read(std::string("a\0b\n", 4)) == Lines{std::string("a\0b", 3)});
}

TEST_CASE("console: of a line without end some is kept, and the next line is whole") {
  const std::vector<std::string> lines = lines_read(std::string(500'000, 'x') + "\nnext\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() >= 65'536);
  CHECK(lines[0].size() <= 70'000);
  CHECK(lines[0].find_first_not_of('x') == std::string::npos);
  CHECK(lines[1] == "next");
}

TEST_CASE("console: somebody answers only where input and output are a terminal, which has rows") {
  const Folder folder;
  const PseudoTerminal terminal(17, 63);
  StandardConsole console{RenderOptions{}};
  bool both = false, only_input = true;
  std::size_t rows = 0, none = 1;
  {
    const Redirected input(STDIN_FILENO, terminal.inside());
    {
      const Redirected output(STDOUT_FILENO, terminal.inside());
      both = console.answers();
      rows = console.rows();
    }
    const Redirected output(STDOUT_FILENO, folder / "out");
    only_input = console.answers();
    none = console.rows();
    console.write("a line\nand a piece");
  }
  CHECK(both);
  CHECK(rows == 17);
  CHECK_FALSE(only_input);
  CHECK(none == 0);
  CHECK(read_file(folder / "out") == "a line\nand a piece");
}

TEST_CASE("terminal: what was asked for beats NO_COLOR, which beats CLICOLOR_FORCE, which TERM") {
  struct Case {
    const char *option, *no_color, *force, *term;
    bool in_terminal, color;
  };
  const Case kCases[] = {{"always", "1", nullptr, "dumb", false, true},
                         {"never", nullptr, "1", "xterm", true, false},
                         {"auto", "1", "1", "xterm", true, false},
                         {"auto", "", "1", "xterm", false, true},
                         {"auto", nullptr, "1", "dumb", false, true},
                         {"auto", nullptr, "0", "xterm", false, false},
                         {"auto", nullptr, "", "xterm", false, false},
                         {"auto", nullptr, nullptr, "xterm", true, true},
                         {"auto", nullptr, nullptr, "dumb", true, false},
                         {"auto", nullptr, nullptr, nullptr, true, false},
                         {"auto", nullptr, nullptr, "xterm", false, false}};
  const Folder folder;
  const PseudoTerminal window(24, 100);
  for (const Case& c : kCases) {
    const Environment no_color("NO_COLOR", c.no_color), force("CLICOLOR_FORCE", c.force),
        term("TERM", c.term);
    Terminal found;
    {
      std::unique_ptr<Redirected> output =
          c.in_terminal ? std::make_unique<Redirected>(STDOUT_FILENO, window.inside())
                        : std::make_unique<Redirected>(STDOUT_FILENO, folder / "out");
      found = detect_terminal(c.option);
    }
    INFO(c.option, " ", c.term ? c.term : "-", " ", c.in_terminal);
    CHECK(found.color == c.color);
    CHECK(found.is_terminal == c.in_terminal);
  }
}

TEST_CASE("terminal: the width is the window's, else COLUMNS if that is a number, else 80") {
  const Folder folder;
  const auto width = [&](const char* columns) {
    const Environment variable("COLUMNS", columns);
    const Redirected output(STDOUT_FILENO, folder / "out");
    return detect_terminal("auto").width;
  };
  CHECK(width(nullptr) == 80);
  CHECK(width("123") == 123);
  CHECK(width("100000") == 500);
  for (const char* nonsense : {"", "0", "-5", "12x", " 12", "99999999999999999999999"})
    CHECK(width(nonsense) == 80);
  const PseudoTerminal window(24, 61);
  const Environment variable("COLUMNS", "123");
  std::size_t found = 0;
  {
    const Redirected output(STDOUT_FILENO, window.inside());
    found = detect_terminal("auto").width;
  }
  CHECK(found == 61);
}

TEST_CASE("terminal: the first variable of the locale that is set says whether it is UTF-8") {
  const auto unicode = [](const char* all, const char* type, const char* lang) {
    const Environment a("LC_ALL", all), b("LC_CTYPE", type), c("LANG", lang);
    return detect_terminal("never").unicode;
  };
  CHECK(unicode(nullptr, nullptr, "en_GB.UTF-8"));
  CHECK(unicode(nullptr, nullptr, "C.utf8"));
  CHECK(unicode("", "", "de_DE.utf-8"));
  CHECK(unicode("C.UTF-8", "C", "C"));
  CHECK_FALSE(unicode("C", "C.UTF-8", "C.UTF-8"));
  CHECK_FALSE(unicode(nullptr, "POSIX", "C.UTF-8"));
  CHECK_FALSE(unicode(nullptr, nullptr, nullptr));
}
