#include "app/lesson/place.h"

namespace attn::app {

void bind_from(Cli& cli, LessonPlace& place) {
  cli.input_file("--from", place.from, "DIR", "lessons of a folder in place of the program's own");
}
void bind_language(Cli& cli, LessonPlace& place) {
  cli.text("--lang", place.language, "LANG", "in this language, where a lesson is written in it");
}

std::string language_for(const LessonEntry& entry, const std::string& asked) {
  return entry.has(asked) ? asked : "en";
}

Lesson load_lesson(const Library& library, const LessonEntry& entry, const std::string& language) {
  return parse_lesson(library.text(entry, language), library.source(entry, language));
}

}  // namespace attn::app
