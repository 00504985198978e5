#include "app/exercise/exercises.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::string_view kFirstLine = "// attn exercise ";

/// The files of one exercise by their names.
using Files = std::map<std::string, std::string>;
/// By "NN-slug/exercises/NAME", so in the order of the lessons.
using Folders = std::map<std::string, Files>;

/// "NN-slug/exercises/NAME/FILE" in its two halves; empty if a path is something else.
std::pair<std::string, std::string> halves(const std::string& path) {
  const std::size_t middle = path.find("/exercises/"), last = path.rfind('/');
  if (middle == std::string::npos || last < middle + 11) return {};
  return {path.substr(0, last), path.substr(last + 1)};
}

Folders embedded() {
  Folders out;
  for (const DataFile& file : data_files()) {
    if (!file.path.starts_with("lessons/")) continue;
    const auto [folder, name] = halves(std::string(file.path.substr(8)));
    if (!folder.empty()) out[folder][name] = std::string(file.bytes);
  }
  return out;
}

Folders in_folder(const std::string& folder) {
  Folders out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string path = at->path().lexically_relative(folder).string();
    const auto [place, name] = halves(path);
    std::error_code none;  // a link to nowhere is no file
    if (place.empty() || name.starts_with("solution") || !at->is_regular_file(none)) continue;
    out[place][name] = read_file(at->path().string(), kLargestFile);
  }
  if (error) {
    throw Error(ErrorKind::io,
                fmt::format("{}: cannot be read: {}", escaped(folder, 200), error.message()),
                "name a folder of lessons, such as lessons/");
  }
  return out;
}

/// The sum of all points(N) in a test.
int points_of(std::string_view test) {
  constexpr std::string_view kWord = "points(";
  int sum = 0;
  for (std::size_t at = test.find(kWord); at != std::string_view::npos;
       at = test.find(kWord, at + 1)) {
    int worth = 0;
    const std::string_view rest = test.substr(at + kWord.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), worth);
    sum += worth;
  }
  return sum;
}

Exercise exercise(const std::string& place, Files files) {
  const std::size_t middle = place.find("/exercises/");
  Exercise e;
  e.lesson = place.substr(0, middle);
  e.name = place.substr(middle + 11);
  for (const char* name : {"exercise.md", "exercise.h", "stub.cpp", "test.cpp"}) {
    if (!files.contains(name)) {
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}: there is no {}", escaped(place, 200), name),
                  "an exercise has exercise.md, exercise.h, stub.cpp and test.cpp");
    }
  }
  e.text = std::move(files["exercise.md"]);
  e.header = std::move(files["exercise.h"]);
  e.stub = std::move(files["stub.cpp"]);
  e.test = std::move(files["test.cpp"]);
  if (e.text.starts_with("# ")) e.title = e.text.substr(2, e.text.find('\n') - 2);
  e.points = points_of(e.test);
  if (e.title.empty() || e.points == 0) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: {}", escaped(place, 200),
                            e.title.empty() ? "exercise.md has no title" : "no case has points"),
                "exercise.md begins with \"# Title\"; a case of test.cpp has * points(2) after "
                "its name");
  }
  return e;
}

}  // namespace

std::vector<Exercise> exercises(const std::string& folder) {
  std::vector<Exercise> out;
  for (auto& [place, files] : folder.empty() ? embedded() : in_folder(folder))
    out.push_back(exercise(place, files));
  return out;
}

Exercise find_exercise(const std::string& name, const std::string& folder) {
  std::vector<std::string> names;
  for (Exercise& e : exercises(folder)) {
    if (e.name == name) return std::move(e);
    names.push_back(e.name);
  }
  const std::string near = nearest(name, names);
  throw Error(ErrorKind::usage, fmt::format("no exercise \"{}\"", escaped(name)),
              near.empty() ? fmt::format("the exercises: {}", joined(names, ", "))
                           : fmt::format("did you mean {}?", near));
}

namespace {

/// Where the hints begin and end in exercise.md: from the heading to the first paragraph behind the
/// list that is no item of it.
std::pair<std::size_t, std::size_t> place_of_hints(const std::string& text) {
  constexpr std::string_view kHeading = "## Hints\n";
  const std::size_t begin = text.find(kHeading);
  if (begin == std::string::npos) return {text.size(), text.size()};
  const auto is_item = [&](std::size_t at) {
    return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]));
  };
  std::size_t end = text.find_first_not_of('\n', begin + kHeading.size());
  while (is_item(end)) {
    const std::size_t blank = text.find("\n\n", end);
    if (blank == std::string::npos) return {begin, text.size()};
    end = text.find_first_not_of('\n', blank);
  }
  return {begin, std::min(end, text.size())};
}

}  // namespace

std::vector<std::string> hints_of(const Exercise& exercise) {
  const auto [begin, end] = place_of_hints(exercise.text);
  std::vector<std::string> out;
  std::istringstream lines(exercise.text.substr(begin, end - begin));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0]))) {
      out.push_back(line.substr(std::min(line.find(". ") + 2, line.size())));
    } else if (!out.empty() && !line.empty()) {
      out.back() += " " + line.substr(std::min(line.find_first_not_of(' '), line.size()));
    }
  }
  return out;
}

std::string text_without_hints(const Exercise& exercise) {
  const auto [begin, end] = place_of_hints(exercise.text);
  if (begin == end) return exercise.text;
  return fmt::format("{}Hints, one at a time: attn exercise hint {}\n\n{}",
                     exercise.text.substr(0, begin), exercise.name, exercise.text.substr(end));
}

std::string first_line(const Exercise& exercise) {
  return fmt::format("{}{}: this line tells which exercise the file answers\n", kFirstLine,
                     exercise.name);
}

std::string exercise_of(const std::string& answer, const std::string& path) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // some editors begin a file with it
  const std::size_t begin = answer.starts_with(kMark) ? kMark.size() : 0;
  const std::string line = answer.substr(begin, answer.find('\n') - begin);
  const std::size_t end = std::min(line.find(':'), line.size());
  if (!line.starts_with(kFirstLine)) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{}: line 1 does not tell the exercise; \"{}NAME: ...\" was expected, \"{}\" "
                    "was found",
                    escaped(path, 200), kFirstLine, escaped(line)),
        "attn exercise start NAME makes a file that begins rightly");
  }
  return line.substr(kFirstLine.size(), end - kFirstLine.size());
}

std::string matrix_header() { return std::string(data_file("attn_exercise/matrix.h")); }

}  // namespace attn::app
