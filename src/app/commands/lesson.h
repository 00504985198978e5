#pragma once
// The lesson commands and their options.
#include "app/command.h"

namespace attn::app {

/// Where lessons are read from, and in which language.
struct LessonPlace {
  std::string from, language = "en";
};

struct LessonOptions {
  LessonPlace place;
  std::vector<std::string> words;
  bool no_quiz = false;
};
void bind(Cli&, LessonOptions&);
void lesson(Stage&, const LessonOptions&);

struct LessonListOptions {
  LessonPlace place;
};
void bind(Cli&, LessonListOptions&);
void lesson_list(Stage&, const LessonListOptions&);

struct LessonCheckOptions {
  LessonPlace place;
  std::vector<std::string> words;
};
void bind(Cli&, LessonCheckOptions&);
void lesson_check(Stage&, const LessonCheckOptions&);

}  // namespace attn::app
