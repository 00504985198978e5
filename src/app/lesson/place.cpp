#include "app/lesson/place.h"

namespace attn::app {

void bind_from(Cli& cli, LessonPlace& place) {
  cli.input_file("--from", place.from, "DIR", "lessons of a folder in place of the program's own");
}
void bind_language(Cli& cli, LessonPlace& place) {
  cli.text("--lang", place.language, "LANG", "in this language, where a lesson is written in it");
}
void bind_lessons(Cli& cli, std::vector<std::string>& words, const char* help) {
  cli.positional("LESSON", words, help);
  cli.suggest([] {
    const Library library("");
    std::vector<std::string> numbers;
    for (const LessonEntry& entry : library.entries()) numbers.push_back(entry.number());
    return numbers;
  });
}

std::string language_for(const LessonEntry& entry, const std::string& asked) {
  return entry.has(asked) ? asked : "en";
}

Lesson load_lesson(const Library& library, const LessonEntry& entry, const std::string& language) {
  return parse_lesson(library.text(entry, language), library.source(entry, language));
}

}  // namespace attn::app
