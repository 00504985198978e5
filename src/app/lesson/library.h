#pragma once
#include <string>
#include <vector>

namespace attn::app {

/// One lesson as a folder: "05-attention", and the languages it is written in ("en" first).
struct LessonEntry {
  std::string slug;
  std::vector<std::string> languages;

  std::string number() const { return slug.substr(0, 2); }
  bool has(const std::string& language) const;
};

/// The lessons that the program carries, or those of a folder.
class Library {
 public:
  /// "" for the program's own. Throws Error(io) if there is no such folder.
  explicit Library(std::string folder);

  const std::vector<LessonEntry>& entries() const { return entries_; }
  /// By number ("5", "05") or slug. Throws Error(usage), with the nearest.
  const LessonEntry& find(const std::string& name) const;
  /// "lessons/05-attention/lesson.md", for messages.
  std::string source(const LessonEntry& entry, const std::string& language = "en") const;
  /// What stands there. Throws what read_file throws.
  std::string text(const LessonEntry& entry, const std::string& language = "en") const;
  /// True if exercises/NAME/exercise.md is there.
  bool has_exercise(const LessonEntry& entry, const std::string& name) const;

 private:
  void add(const std::string& slug, const std::string& file);

  std::string folder_;
  std::vector<LessonEntry> entries_;
};

}  // namespace attn::app
