#pragma once
// Where the commands `lesson ...` read lessons from.
#include <string>

#include "app/frame/cli.h"
#include "app/lesson/lesson.h"
#include "app/lesson/library.h"

namespace attn::app {

/// Where lessons are read from, and in which language.
struct LessonPlace {
  std::string from, language = "en";
};
void bind_from(Cli& cli, LessonPlace& place);
void bind_language(Cli& cli, LessonPlace& place);
/// The words of the command: numbers of lessons.
void bind_lessons(Cli& cli, std::vector<std::string>& words, const char* help);

/// The language that a lesson is read in: the one asked for, if it is written in it.
std::string language_for(const LessonEntry& entry, const std::string& asked);
Lesson load_lesson(const Library& library, const LessonEntry& entry, const std::string& language);

}  // namespace attn::app
