// homework new: a sheet with the numbers of one student.
#include <fmt/format.h>

#include "app/frame/command.h"
#include "app/homework/classroom.h"
#include "app/homework/task.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

using homework::Sheet;

struct HomeworkNewOptions {
  std::vector<std::string> sheet;
  std::string student, out, secret;
};

void bind(Cli& cli, HomeworkNewOptions& o) {
  cli.text("--student", o.student, "ID", "whose sheet it is: each student gets other numbers");
  cli.output_file("--out", o.out, "DIR", "the folder to make");
  cli.input_file("--secret", o.secret, "FILE",
                 "the course's secret, from which the numbers are derived too (docs/homework.md)");
  cli.positional("sheet", o.sheet, "which sheet: attn homework list shows them");
  cli.suggest([] {
    std::vector<std::string> names;
    for (const homework::Sheet& sheet : homework::sheets()) names.push_back(sheet.name);
    return names;
  });
}

void homework_new(Stage& s, const HomeworkNewOptions& o) {
  if (o.sheet.size() != 1)
    throw Error(ErrorKind::usage, "homework new needs the name of one sheet",
                "attn homework list shows them");
  if (o.student.empty() || o.out.empty()) {
    throw Error(
        ErrorKind::usage,
        fmt::format("homework new needs {}", o.student.empty() ? "--student ID" : "--out DIR"),
        "for example: attn homework new softmax --student ada --out sheet1");
  }
  const Sheet& sheet = homework::find_sheet(o.sheet[0]);
  homework::check_student(o.student);
  const homework::Course course = homework::read_course(o.secret);
  const homework::Values given = homework::given_for(course, sheet, o.student);
  const homework::Manifest manifest{&sheet, o.student, course.is_public,
                                    s.common.convention == "column", fingerprint(given)};
  homework::write_sheet(o.out, manifest, given);
  s.trace.title = fmt::format("{} ({})", sheet.title, sheet.name);
  const std::string folder = escaped(o.out, 200);
  if (course.is_guessable()) s.trace.say(homework::kGuessableSecret);
  s.trace.say(fmt::format("Made for {} in {}. Read {}/task.md; write your answers into {}/answers.",
                          o.student, folder, folder, folder));
  s.trace.say(
      course.is_public
          ? "Without --secret, anybody can derive these numbers from the student's id: good "
            "for practice."
          : "The numbers come from the course's secret, too. The secret itself is nowhere in "
            "the folder.");
}

}  // namespace

Command homework_new_command() {
  return {.name = "homework new",
          .kind = CommandKind::course,
          .summary = "a sheet with your own numbers",
          .example = "homework new softmax --student ada --out sheet1",
          .setup = with_options<HomeworkNewOptions>(bind, homework_new)};
}

}  // namespace attn::app
