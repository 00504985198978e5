#pragma once
// The lesson commands and their options.
#include "app/frame/command.h"
#include "app/lesson/lesson.h"
#include "app/lesson/library.h"

namespace attn::app {

/// Where lessons are read from, and in which language.
struct LessonPlace {
  std::string from, language = "en";
};
void bind_from(Cli&, LessonPlace&);
void bind_language(Cli&, LessonPlace&);
/// The language that a lesson is read in: the one asked for, if it is written in it.
std::string language_for(const LessonEntry&, const std::string& asked);
Lesson load_lesson(const Library&, const LessonEntry&, const std::string& language);

struct LessonOptions {
  LessonPlace place;
  std::vector<std::string> words;
  bool no_quiz = false;
};
void bind(Cli&, LessonOptions&);
void lesson(Stage&, const LessonOptions&);
/// `lesson` alone: what is next.
void lesson_next(Stage&, const Library&, const std::string& language);

struct LessonListOptions {
  LessonPlace place;
};
void bind(Cli&, LessonListOptions&);
void lesson_list(Stage&, const LessonListOptions&);

struct LessonSearchOptions {
  LessonPlace place;
  std::vector<std::string> words;
};
void bind(Cli&, LessonSearchOptions&);
void lesson_search(Stage&, const LessonSearchOptions&);

struct LessonCheckOptions {
  LessonPlace place;
  std::vector<std::string> words;
};
void bind(Cli&, LessonCheckOptions&);
void lesson_check(Stage&, const LessonCheckOptions&);

struct LessonResetOptions {
  LessonPlace place;
  std::vector<std::string> words;
};
void bind(Cli&, LessonResetOptions&);
void lesson_reset(Stage&, const LessonResetOptions&);

struct LessonFileOptions {
  std::vector<std::string> file;
};
void bind(Cli&, LessonFileOptions&);
void lesson_export(Stage&, const LessonFileOptions&);
void lesson_import(Stage&, const LessonFileOptions&);

}  // namespace attn::app
