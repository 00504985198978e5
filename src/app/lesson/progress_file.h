#pragma once
// What a learner has done, in one JSON file that several terminals may write.
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/lesson/record.h"

namespace attn::app {

/// The whole file: {"format":1,"lessons":{"05-attention":{...}}}. Lessons and keys that this
/// program does not know are kept.
class ProgressBook {
 public:
  ProgressBook();
  ~ProgressBook();
  ProgressBook(ProgressBook&&) noexcept;
  ProgressBook& operator=(ProgressBook&&) noexcept;
  /// Throws Error(bad_input) for what is no progress, Error(usage) for that of another version.
  static ProgressBook parse(const std::string& text, const std::string& name);

  LessonRecord record(const std::string& slug) const;
  bool has(const std::string& slug) const;
  void set(const std::string& slug, const LessonRecord& record);
  void remove(const std::string& slug);
  std::vector<std::string> slugs() const;
  std::string text() const;

 private:
  std::unique_ptr<nlohmann::json> document_;
};

/// What two readings of one lesson say together: finished if one is, the answers of both (the
/// earlier one's first), all hints, the later place.
LessonRecord merged(const LessonRecord& earlier, const LessonRecord& later);

/// The file in the user's data folder.
class ProgressFile {
 public:
  /// progress.json in the user's data folder; "" if there is none.
  static std::string standard_path();

  /// `patience`: how many seconds it waits while another terminal writes.
  explicit ProgressFile(std::string path = standard_path(), double patience = 5)
      : path_(std::move(path)), patience_(patience) {}
  const std::string& path() const { return path_; }

  /// What is there; empty where nothing is. `warning` (may be null) gets what is wrong with the
  /// file; then its backup is read, if there is a good one.
  ProgressBook load(std::string* warning = nullptr) const;

  struct Update {
    bool kept = true;
    std::string note;  ///< what went wrong, or ""
  };
  /// Reads the file, changes it, and writes it, while no other terminal does. A damaged file is
  /// kept beside as progress.json.damaged. Never throws for the file's sake: a lesson goes on
  /// without its progress being kept.
  Update update(const std::function<void(ProgressBook&)>& change) const;

 private:
  std::string path_;
  double patience_;
};

}  // namespace attn::app
