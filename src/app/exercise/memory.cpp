#include "app/exercise/memory.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/frame/lock.h"
#include "app/frame/user_file.h"
#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/json.h"

namespace attn::app {

namespace {

using nlohmann::json;

constexpr JsonLimits kSmall{std::size_t{1} << 20, std::size_t{1} << 16, 8};

std::string memory_path() { return user_file("exercises.json"); }

/// The file; an object without exercises where there is none. Throws what reading throws.
json memory_document() {
  std::error_code problem;
  const std::string path = memory_path();
  if (path.empty() || !std::filesystem::exists(path, problem))
    return {{"format", 1}, {"exercises", json::object()}};
  json document = parse_json(read_file(path, kSmall.bytes), path, kSmall);
  if (!document.is_object() || document.value("format", json()) != 1 ||
      !document.value("exercises", json()).is_object())
    throw Error(ErrorKind::bad_input, path + ": no memory of exercises");
  return document;
}

int count_in(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_number_integer()) return 0;
  return static_cast<int>(std::clamp<long long>(found->get<long long>(), 0, 1000));
}

ExerciseRecord record_in(const json& entry) {
  if (!entry.is_object()) return {};
  const auto solved = entry.find("solved");
  return {count_in(entry, "hints"), count_in(entry, "points"),
          solved != entry.end() && solved->is_boolean() && solved->get<bool>()};
}

}  // namespace

ExerciseRecords exercise_records() {
  ExerciseRecords out;
  try {
    const json document = memory_document();
    for (const auto& [name, entry] : document["exercises"].items()) out[name] = record_in(entry);
  } catch (const Error&) {
    out.clear();
  }
  return out;
}

ExerciseRecord record_of(const ExerciseRecords& records, const std::string& exercise) {
  const auto found = records.find(exercise);
  return found == records.end() ? ExerciseRecord{} : found->second;
}

void remember(const std::string& exercise, const ExerciseRecord& record) {
  const std::string path = memory_path();
  if (path.empty()) return;
  try {
    std::error_code problem;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), problem);
    const FileLock lock(path, "another attn is writing it", 5);
    json document = memory_document();
    json& entry = document["exercises"][exercise];
    const ExerciseRecord before = record_in(entry);
    if (!entry.is_object()) entry = json::object();
    entry["hints"] = std::max(before.hints, record.hints);
    entry["points"] = std::max(before.points, record.points);
    entry["solved"] = before.solved || record.solved;
    write_file(path, document.dump(1) + "\n");
  } catch (const Error&) {  // as a lesson, an exercise goes on without it
  }
}

}  // namespace attn::app
