// Which lessons there are, in the program and in a folder.
#include "app/lesson/library.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "io_support.h"

using namespace attn;
using namespace attn::app;
using io_test::check_error;
using io_test::Folder;
namespace fs = std::filesystem;

namespace {

void write(const Folder& folder, const std::string& name, const std::string& text = "text") {
  fs::create_directories(fs::path(folder / name).parent_path());
  std::ofstream(folder / name, std::ios::binary) << text;
}

std::vector<std::string> slugs(const Library& library) {
  std::vector<std::string> out;
  for (const LessonEntry& entry : library.entries()) out.push_back(entry.slug);
  return out;
}

/// The hint of the error that asking for this lesson is.
std::string hint_for(const Library& library, const std::string& name) {
  try {
    (void)library.find(name);
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::usage);
    return e.hint();
  }
  return "found";
}

}  // namespace

TEST_CASE("library: the lessons of a folder in their order, and nothing else that lies there") {
  const Folder folder;
  for (const char* name :
       {"10-heads/lesson.md", "05-attention/lesson.md", "00-a/lesson.md",          // lessons
        "junk/lesson.md", "5-short/lesson.md", "07_x/lesson.md", "08-/lesson.md",  // none
        "09-Upper/lesson.md", "x11-heads/lesson.md", "12-two words/lesson.md", "13-empty/readme.md",
        "14-german/lesson.de.md", "15-file", "16-deep/more/lesson.md", "lesson.md"})
    write(folder, name);
  const Library library(folder.path());
  CHECK(slugs(library) == std::vector<std::string>{"00-a", "05-attention", "10-heads"});
  CHECK(library.entries()[1].number() == "05");
  const Folder nothing;
  CHECK(Library(nothing.path()).entries().empty());
}

TEST_CASE("library: the languages of a lesson, English first") {
  const Folder folder;
  for (const char* name : {"lesson.pt-BR.md", "lesson.md", "lesson.de.md", "lesson.en.md",
                           "lesson..md", "lesson.d3.md", "lesson.de.txt", "notes.fr.md"})
    write(folder, std::string("01-x/") + name);
  const LessonEntry entry = Library(folder.path()).find("1");
  CHECK(entry.languages == std::vector<std::string>{"en", "de", "pt-BR"});
  CHECK(entry.has("en"));
  CHECK(entry.has("pt-BR"));
  CHECK_FALSE(entry.has("fr"));
  CHECK_FALSE(entry.has(""));
}

TEST_CASE("library: a lesson is found by its number, with or without the 0, or by its slug") {
  const Folder folder;
  for (const char* name : {"05-attention", "15-transformer", "16-measured"})
    write(folder, std::string(name) + "/lesson.md");
  const Library library(folder.path());
  for (const char* name : {"5", "05", "05-attention"})
    CHECK(library.find(name).slug == "05-attention");
  CHECK(library.find("15").slug == "15-transformer");
  CHECK(hint_for(library, "05-atention") == "did you mean 05-attention?");
  CHECK(hint_for(library, "15-transformers") == "did you mean 15-transformer?");
  for (const char* name : {"", "1", "005", "15-", "-5", "zebra crossing"})
    CHECK(hint_for(library, name) == "attn lesson list shows them");
  check_error(ErrorKind::usage, "no lesson \"\\x1B[31m\"", [&] { (void)library.find("\x1b[31m"); });
}

TEST_CASE("library: where a lesson stands, what stands there, and its exercises") {
  const Folder folder;
  write(folder, "05-x/lesson.md", "in English");
  write(folder, "05-x/lesson.de.md", "auf Deutsch");
  write(folder, "05-x/exercises/one-head/exercise.md");
  fs::create_directories(folder / "05-x/exercises/empty");
  for (const std::string& name : {folder.path(), folder.path() + "/"}) {
    const Library library(name);
    const LessonEntry& entry = library.find("5");
    CHECK(library.source(entry) == folder / "05-x/lesson.md");
    CHECK(library.source(entry, "de") == folder / "05-x/lesson.de.md");
    CHECK(library.text(entry) == "in English");
    CHECK(library.text(entry, "de") == "auf Deutsch");
    CHECK(library.has_exercise(entry, "one-head"));
    CHECK_FALSE(library.has_exercise(entry, "empty"));
    CHECK_FALSE(library.has_exercise(entry, "other"));
    check_error(ErrorKind::io, "lesson.fr.md", [&] { (void)library.text(entry, "fr"); });
  }
}

TEST_CASE("library: a lesson of more than a megabyte is not read") {
  const Folder folder;
  write(folder, "05-x/lesson.md", std::string((1 << 20) + 1, 'x'));
  const Library library(folder.path());
  check_error(ErrorKind::limit, "lesson.md", [&] { (void)library.text(library.find("5")); });
}

TEST_CASE("library: a folder that is not there, or is none, is told") {
  const Folder folder;
  write(folder, "file");
  check_error(ErrorKind::io, "--from " + folder / "none" + ": No such file or directory",
              [&] { Library(folder / "none"); });
  check_error(ErrorKind::io, "--from " + folder / "file", [&] { Library(folder / "file"); });
}

TEST_CASE("library: the program's own lessons are those of lessons/, numbered without a double") {
  const Library own(""), there((fs::path(ATTN_SOURCE_DIR).parent_path() / "lessons").string());
  CHECK(slugs(own) == slugs(there));
  CHECK(own.entries().size() >= 20);
  std::set<std::string> numbers;
  for (const LessonEntry& entry : own.entries()) {
    INFO(entry.slug);
    CHECK(numbers.insert(entry.number()).second);
    CHECK(entry.languages == there.find(entry.slug).languages);
    CHECK(own.source(entry) == "lessons/" + entry.slug + "/lesson.md");
    for (const std::string& language : entry.languages)
      CHECK(own.text(entry, language) == there.text(there.find(entry.slug), language));
  }
  CHECK(own.has_exercise(own.find("08"), "stable-softmax"));
  CHECK_FALSE(own.has_exercise(own.find("08"), "one-head"));
  check_error(ErrorKind::internal, "lesson.xx.md", [&] { (void)own.text(own.find("8"), "xx"); });
}
