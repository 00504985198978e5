#include "app/lesson/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

constexpr std::size_t kLargestLesson = 1 << 20, kMostLessons = 100;
constexpr std::string_view kOwn = "lessons/";

bool digit(char c) { return c >= '0' && c <= '9'; }

/// "05-attention".
bool is_slug(std::string_view name) {
  return name.size() > 3 && name.size() < 80 && digit(name[0]) && digit(name[1]) &&
         name[2] == '-' && std::all_of(name.begin(), name.end(), [](char c) {
           return digit(c) || (c >= 'a' && c <= 'z') || c == '-';
         });
}

std::string file_name(const std::string& language) {
  return language == "en" ? "lesson.md" : "lesson." + language + ".md";
}

/// "en" for lesson.md, "de" for lesson.de.md, "" for any other file.
std::string language_of(std::string_view file) {
  if (file == "lesson.md") return "en";
  if (!file.starts_with("lesson.") || !file.ends_with(".md") || file.size() < 11) return "";
  const std::string language(file.substr(7, file.size() - 10));
  const bool known = language != "en" && std::all_of(language.begin(), language.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
                     });
  return known ? language : "";
}

}  // namespace

bool LessonEntry::has(const std::string& language) const {
  return std::find(languages.begin(), languages.end(), language) != languages.end();
}

void Library::add(const std::string& slug, const std::string& file) {
  const std::string language = language_of(file);
  if (!is_slug(slug) || language.empty()) return;
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const LessonEntry& e) { return e.slug == slug; });
  if (entry == entries_.end()) {
    if (entries_.size() == kMostLessons) return;
    entry = entries_.insert(entry, LessonEntry{slug, {}});
  }
  entry->languages.push_back(language);
}

Library::Library(std::string folder) : folder_(std::move(folder)) {
  namespace fs = std::filesystem;
  if (folder_.empty()) {
    for (const DataFile& file : data_files()) {
      if (!file.path.starts_with(kOwn)) continue;
      const fs::path path(file.path.substr(kOwn.size()));
      add(path.parent_path().string(), path.filename().string());
    }
  } else {
    std::error_code problem;
    for (fs::directory_iterator folders(folder_, problem), end; !problem && folders != end;
         folders.increment(problem)) {
      std::error_code inner;
      for (fs::directory_iterator files(folders->path(), inner); !inner && files != end;
           files.increment(inner))
        add(folders->path().filename().string(), files->path().filename().string());
    }
    if (problem)
      throw Error(ErrorKind::io,
                  fmt::format("--from {}: {}", escaped(folder_, 200), problem.message()),
                  "name a folder of lessons: lessons/NN-slug/lesson.md");
  }
  std::erase_if(entries_, [](const LessonEntry& e) { return !e.has("en"); });
  for (LessonEntry& entry : entries_) {
    std::sort(entry.languages.begin(), entry.languages.end(),
              [](const std::string& a, const std::string& b) {
                return (a == "en") != (b == "en") ? a == "en" : a < b;
              });
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const LessonEntry& a, const LessonEntry& b) { return a.slug < b.slug; });
}

const LessonEntry& Library::find(const std::string& name) const {
  const std::string number = name.size() == 1 && digit(name[0]) ? "0" + name : name;
  for (const LessonEntry& entry : entries_) {
    if (entry.slug == name || entry.number() == number) return entry;
  }
  std::vector<std::string> known;
  for (const LessonEntry& entry : entries_) known.push_back(entry.slug);
  const std::string near = nearest(name, known);
  throw Error(ErrorKind::usage, fmt::format("no lesson \"{}\"", escaped(name)),
              near.empty() ? "attn lesson list shows them" : fmt::format("did you mean {}?", near));
}

std::string Library::source(const LessonEntry& entry, const std::string& language) const {
  const std::string base = folder_.empty() ? "lessons" : folder_;
  return fmt::format("{}{}{}/{}", base, base.ends_with('/') ? "" : "/", entry.slug,
                     file_name(language));
}

std::string Library::text(const LessonEntry& entry, const std::string& language) const {
  const std::string path = source(entry, language);
  return folder_.empty() ? std::string(data_file(path)) : read_file(path, kLargestLesson);
}

bool Library::has_exercise(const LessonEntry& entry, const std::string& name) const {
  const std::string path = fmt::format("{}/{}/exercises/{}/exercise.md",
                                       folder_.empty() ? "lessons" : folder_, entry.slug, name);
  if (!folder_.empty()) return file_exists(path);
  const auto& files = data_files();
  return std::any_of(files.begin(), files.end(), [&](const DataFile& f) { return f.path == path; });
}

}  // namespace attn::app
