#include "app/lesson/progress_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/frame/lock.h"
#include "app/frame/user_file.h"
#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/json.h"

namespace attn::app {

namespace {

using nlohmann::json;

constexpr int kFormat = 1, kMostScreens = 10'000, kMostHints = 1000;
constexpr JsonLimits kLimits{std::size_t{1} << 22, std::size_t{1} << 18, 16};

[[noreturn]] void bad(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", escaped(name, 200), what),
              "progress is what attn lesson export writes");
}

/// The member with this key, of this type, or the standard if there is none.
bool truth(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) throw Error(ErrorKind::bad_input, fmt::format("{} is no truth", key));
  return found->get<bool>();
}
int whole(const json& object, const char* key, int most) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  const auto number = found->is_number_integer() ? found->get<long long>() : -1;
  if (number < 0 || number > most)
    throw Error(ErrorKind::bad_input, fmt::format("{} is no number from 0 to {}", key, most));
  return static_cast<int>(number);
}

AnswerRecord answer_of(const json& from) {
  if (!from.is_object()) throw Error(ErrorKind::bad_input, "an answer is no object");
  AnswerRecord out;
  out.right = truth(from, "right");
  out.confidence = whole(from, "confidence", 3);
  out.hints = whole(from, "hints", kMostHints);
  out.shown = truth(from, "shown");
  // Earlier versions wrote neither of these.
  out.answered = from.contains("answered") ? truth(from, "answered") : !out.shown;
  out.done = from.contains("done") ? truth(from, "done") : out.right || out.shown;
  return out;
}

LessonRecord record_of(const json& from) {
  if (!from.is_object()) throw Error(ErrorKind::bad_input, "a lesson is no object");
  LessonRecord out;
  out.screen = static_cast<std::size_t>(whole(from, "screen", kMostScreens));
  out.screens = static_cast<std::size_t>(whole(from, "screens", kMostScreens));
  out.finished = truth(from, "finished");
  const auto answers = from.find("answers");
  if (answers == from.end()) return out;
  if (!answers->is_object()) throw Error(ErrorKind::bad_input, "answers are no object");
  for (const auto& [key, value] : answers->items()) {
    const int number =
        key.size() < 5 && !key.empty() && key.find_first_not_of("0123456789") == std::string::npos
            ? std::atoi(key.c_str())
            : 0;
    if (number < 1) throw Error(ErrorKind::bad_input, "an answer has no number");
    out.answers[number] = answer_of(value);
  }
  return out;
}

json json_of(const LessonRecord& record) {
  json answers = json::object();
  for (const auto& [number, a] : record.answers)
    answers[std::to_string(number)] = {{"right", a.right},       {"confidence", a.confidence},
                                       {"hints", a.hints},       {"shown", a.shown},
                                       {"answered", a.answered}, {"done", a.done}};
  return {{"screen", record.screen},
          {"screens", record.screens},
          {"finished", record.finished},
          {"answers", std::move(answers)}};
}

}  // namespace

ProgressBook::ProgressBook()
    : document_(std::make_unique<json>(json{{"format", kFormat}, {"lessons", json::object()}})) {}
ProgressBook::~ProgressBook() = default;
ProgressBook::ProgressBook(ProgressBook&&) noexcept = default;
ProgressBook& ProgressBook::operator=(ProgressBook&&) noexcept = default;

ProgressBook ProgressBook::parse(const std::string& text, const std::string& name) {
  ProgressBook out;
  *out.document_ = parse_json(text, escaped(name, 200), kLimits);
  const json& document = *out.document_;
  if (!document.is_object()) bad(name, "no progress: it is not an object");
  const auto format = document.find("format");
  if (format == document.end() || !format->is_number_integer()) bad(name, "no progress: no format");
  if (*format != kFormat)
    throw Error(ErrorKind::usage,
                fmt::format("{} is of another version (format {}, not {})", escaped(name, 200),
                            escaped(format->dump()), kFormat),
                "use the attn that wrote it, or move the file away");
  const auto lessons = document.find("lessons");
  if (lessons == document.end() || !lessons->is_object()) bad(name, "no progress: no lessons");
  for (const auto& [slug, record] : lessons->items()) {
    try {
      record_of(record);
    } catch (const Error& e) {
      bad(name, fmt::format("lesson {}: {}", escaped(slug), e.what()));
    }
  }
  return out;
}

LessonRecord ProgressBook::record(const std::string& slug) const {
  return has(slug) ? record_of((*document_)["lessons"][slug]) : LessonRecord{};
}
bool ProgressBook::has(const std::string& slug) const {
  return (*document_)["lessons"].contains(slug);
}
void ProgressBook::set(const std::string& slug, const LessonRecord& record) {
  json& entry = (*document_)["lessons"][slug];
  if (!entry.is_object()) entry = json::object();
  entry.update(json_of(record));  // keys of later versions stay
}
void ProgressBook::remove(const std::string& slug) { (*document_)["lessons"].erase(slug); }
std::vector<std::string> ProgressBook::slugs() const {
  std::vector<std::string> out;
  for (const auto& [slug, record] : (*document_)["lessons"].items()) out.push_back(slug);
  return out;
}
std::string ProgressBook::text() const { return document_->dump(1) + "\n"; }

LessonRecord merged(const LessonRecord& earlier, const LessonRecord& later) {
  LessonRecord out = later;
  out.finished = earlier.finished || later.finished;
  for (const auto& [number, first] : earlier.answers) {
    AnswerRecord& answer = out.answers[number];
    if (first.answered || first.shown) {
      answer.right = first.right;
      answer.confidence = first.confidence;
      answer.answered = first.answered;
    }
    answer.hints = std::max(answer.hints, first.hints);
    answer.shown = answer.shown || first.shown;
    answer.done = answer.done || first.done;
  }
  return out;
}

std::string ProgressFile::standard_path() { return user_file("progress.json"); }

namespace {

/// What is wrong with a file, and whether it may be written over.
struct Trouble {
  std::string text;
  bool damaged = false;
};

std::optional<ProgressBook> read_book(const std::string& path, Trouble& trouble) {
  std::error_code problem;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, problem))) return {};
  std::string text;
  try {
    text = read_file(path, kLimits.bytes);
  } catch (const Error& e) {
    trouble.text = e.what();
    return {};
  }
  try {
    return ProgressBook::parse(text, path);
  } catch (const Error& e) {
    trouble = {e.what(), e.kind() != ErrorKind::usage};
    if (std::filesystem::is_symlink(path, problem)) {  // whatever the link leads to is not ours
      trouble = {fmt::format("{}; it is a link, and what it leads to is left alone", trouble.text)};
    }
    return {};
  }
}

/// The book of the file, or of its backup if the file is damaged.
ProgressBook read_best(const std::string& path, Trouble& trouble) {
  if (auto book = read_book(path, trouble)) return *std::move(book);
  if (!trouble.damaged) return {};
  Trouble ignored;
  if (auto backup = read_book(path + ".bak", ignored)) {
    trouble.text += "; the state before the last change is used";
    return *std::move(backup);
  }
  return {};
}

std::string free_name(const std::string& path) {
  std::error_code problem;
  std::string name = path + ".damaged";
  for (int i = 2; std::filesystem::exists(name, problem) && i < 1000; ++i)
    name = fmt::format("{}.damaged-{}", path, i);
  return name;
}

constexpr const char* kUnknownHome =
    "progress is not kept: neither XDG_DATA_HOME nor HOME is a folder with an absolute path";

}  // namespace

ProgressBook ProgressFile::load(std::string* warning) const {
  Trouble trouble;
  if (path_.empty()) trouble.text = kUnknownHome;
  ProgressBook out = path_.empty() ? ProgressBook() : read_best(path_, trouble);
  if (warning) *warning = trouble.text;
  return out;
}

ProgressFile::Update ProgressFile::update(const std::function<void(ProgressBook&)>& change) const {
  if (path_.empty()) return {false, kUnknownHome};
  try {
    std::error_code problem;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), problem);
    const FileLock lock(path_, "another attn is writing it", patience_);
    Trouble trouble;
    ProgressBook book = read_best(path_, trouble);
    if (!trouble.text.empty() && !trouble.damaged)
      return {false, "progress is not kept: " + trouble.text};
    std::string said;
    if (trouble.damaged) {
      const std::string kept = free_name(path_);
      write_file(kept, read_file(path_, kLimits.bytes));
      said = fmt::format("{}; the damaged file is kept as {}", trouble.text, escaped(kept, 200));
    }
    change(book);
    const std::string text = book.text();
    if (text.size() > kLimits.bytes)
      return {false,
              fmt::format("progress is not kept: it would be {} bytes, and at most {} are read",
                          text.size(), kLimits.bytes)};
    write_file(path_, text, trouble.damaged ? Keep::nothing : Keep::backup);
    return {true, said};
  } catch (const Error& e) {
    return {false, fmt::format("progress is not kept: {}", e.what())};
  }
}

}  // namespace attn::app
