#include "app/homework/unused.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "attn/core/error.h"
#include "attn/text/utf8.h"

namespace attn::app::homework {

namespace {

std::string in_small_letters(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// The step that a file's name seems to mean: "Weights (1).csv.txt" is weights.
std::string stem_of(const std::string& name) {
  std::string stem = in_small_letters(name);
  std::replace(stem.begin(), stem.end(), ' ', '_');
  std::replace(stem.begin(), stem.end(), '-', '_');
  const auto part_of_name = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  stem.erase(std::find_if_not(stem.begin(), stem.end(), part_of_name), stem.end());
  stem.erase(stem.find_last_not_of('_') + 1);
  return stem;
}

std::vector<std::string> names_in(const SubmissionFolder& folder) {
  try {
    return folder.names();
  } catch (const Error&) {
    return {};  // it cannot be listed, or holds too many names
  }
}

}  // namespace

bool is_junk(const std::string& name) {
  const std::string small = in_small_letters(name);
  return small == "__macosx" || small == "thumbs.db" || small == "desktop.ini";
}

UnusedFiles::UnusedFiles(const SubmissionFolder& folder,
                         const std::optional<SubmissionFolder>& answers, const Sheet& sheet) {
  std::set<std::string> used = {"homework.json", "task.md", "inputs", "answers"};
  for (const std::string& name : names_in(folder)) {
    if (used.count(name) == 0 && !is_junk(name)) files_.push_back({name, true});
  }
  if (!answers) return;
  used = {"evidence.json", "conclusion.md"};
  for (const SheetStep& step : sheet.steps) used.insert({step.name + ".csv", step.name + ".npy"});
  for (const std::string& name : names_in(*answers)) {
    if (used.count(name) == 0 && !is_junk(name)) files_.push_back({name, false});
  }
}

std::string UnusedFiles::meant_as(const std::string& step, const std::string& file) const {
  for (const File& one : files_) {
    if (stem_of(one.name) != step) continue;
    const std::string shown = escaped(one.name, 80);
    if (one.beside)
      return fmt::format(
          " {} lies beside homework.json and was not used: it belongs into answers/, "
          "as {}.",
          shown, file);
    return fmt::format(" answers/{} was not used: its name must be {}.", shown, file);
  }
  if (files_.empty()) return "";
  std::string names;
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(files_.size(), kShown); ++i) {
    names += fmt::format("{}{}{}", i == 0 ? "" : ", ", files_[i].beside ? "" : "answers/",
                         escaped(files_[i].name, 80));
  }
  const std::size_t more = files_.size() - std::min(files_.size(), kShown);
  return fmt::format(" Not used, because no step has this name: {}{}.", names,
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace attn::app::homework
