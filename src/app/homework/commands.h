#pragma once
// The commands `homework ...`: their options and functions.
#include <string>
#include <vector>

#include "app/frame/cli.h"
#include "app/frame/stage.h"

namespace attn::app {

void homework_list(Stage&);

struct HomeworkNewOptions {
  std::vector<std::string> sheet;
  std::string student, out, secret;
};
void bind(Cli&, HomeworkNewOptions&);
void homework_new(Stage&, const HomeworkNewOptions&);

struct HomeworkCheckOptions {
  std::vector<std::string> folder;
  std::string secret;
  bool again = false;
};
void bind(Cli&, HomeworkCheckOptions&);
void homework_check(Stage&, const HomeworkCheckOptions&);

struct HomeworkGradeOptions {
  std::vector<std::string> folders;
  std::string secret, out, gradescope;
  bool again = false;
};
void bind(Cli&, HomeworkGradeOptions&);
void homework_grade(Stage&, const HomeworkGradeOptions&);

struct HomeworkReportOptions {
  std::vector<std::string> folders;
  std::string secret;
};
void bind(Cli&, HomeworkReportOptions&);
void homework_report(Stage&, const HomeworkReportOptions&);

}  // namespace attn::app
