// man: the manual page, from the table of commands.
#include <fmt/format.h>

#include "app/about/help.h"
#include "app/frame/command.h"

namespace attn::app {

namespace {

/// A line of roff that cannot be taken for a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '-' ? std::string("\\-") : c == '\\' ? std::string("\\e") : std::string(1, c);
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

void man(Stage& s) {
  std::string out =
      ".TH ATTN 1 \"\" \"attn " ATTN_VERSION
      "\" \"User Commands\"\n.SH NAME\nattn \\- attention, step by step, in a terminal\n"
      ".SH SYNOPSIS\n.B attn\n.I COMMAND\n[\\fIoptions\\fR] [\\fItext\\fR]\n.SH COMMANDS\n";
  for (const Command& c : commands()) {
    out += fmt::format(".SS {}\n{}.\n.PP\nExample: \\fBattn {}\\fR\n", c.name, roff(c.summary),
                       roff(c.example));
    for (const OptionRow& row : option_rows(c)) {
      if (row.common) continue;
      out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(option_head(row)), roff(option_help(row)));
    }
  }
  out += ".SH OPTIONS OF EVERY STAGE\n";
  for (const OptionRow& row : option_rows(*find_command("attend"))) {
    if (row.common)
      out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(option_head(row)), roff(option_help(row)));
  }
  out +=
      ".SH EXIT STATUS\n0 done; 1 the answer is no; 2 usage; 3 bad input file; 4 cannot read or "
      "write; 5 a limit was hit; "
      "70 internal error; 130 interrupted.\n";
  s.trace.add(Verbatim{out});
}

}  // namespace

Command man_command() {
  return {.name = "man",
          .kind = CommandKind::about,
          .summary = "the manual page (attn man | man -l -)",
          .example = "man",
          .setup = without_options(man)};
}

}  // namespace attn::app
