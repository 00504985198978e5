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

constexpr std::string_view kDescription = R"(.SH DESCRIPTION
Type a sentence, and see every matrix of self\-attention: its name, formula, shape, numbers, picture
and time. \fBattn why\fR takes any number apart into those that it was made from.
\fBattn lesson\fR is a course, with exercises in C++ (\fBattn exercise\fR) and homework
(\fBattn homework\fR).
.PP
Results go to standard output, messages and progress to standard error. The same seed gives the same
numbers.
)";

constexpr std::string_view kSurroundings = R"(.SH ENVIRONMENT
.TP
\fBNO_COLOR\fR, \fBCLICOLOR_FORCE\fR
no colours; colours in a pipe too. \fB\-\-color\fR beats both.
.TP
\fBCOLORTERM\fR
truecolor or 24bit: the terminal shows 24\-bit colours.
.TP
\fBCOLUMNS\fR
the width where standard output is no terminal.
.TP
\fBCXX\fR
the compiler of \fBexercise check\fR, and then no other is taken.
.TP
\fBXDG_DATA_HOME\fR, \fBXDG_CACHE_HOME\fR
where your progress and finished trainings are kept.
.SH FILES
.TP
\fI~/.local/share/attn/progress.json\fR
your place and answers in the lessons.
.TP
\fI~/.cache/attn/compare/\fR
finished trainings of \fBattn compare\fR.
.SH SEE ALSO
\fBattn help\fR, \fBattn map\fR, \fBattn lesson list\fR
)";

void man(Stage& s) {
  std::string out =
      ".TH ATTN 1 \"\" \"attn " ATTN_VERSION
      "\" \"User Commands\"\n.SH NAME\nattn \\- attention, step by step, in a terminal\n"
      ".SH SYNOPSIS\n.B attn\n.I COMMAND\n[\\fIoptions\\fR] [\\fItext\\fR]\n";
  out += kDescription;
  out += ".SH COMMANDS\n";
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
  out += kSurroundings;
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
