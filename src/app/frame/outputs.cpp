#include "app/frame/outputs.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"
#include "attn/render/export.h"

namespace attn::app {

namespace {

/// A device or a pipe needs no extension: it gets JSON.
bool is_stream(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  return std::filesystem::exists(status) && std::filesystem::is_other(status);
}

namespace fs = std::filesystem;

/// The same file, by its name or by device and inode.
bool is_same(const std::string& a, const std::string& b) {
  std::error_code problem;
  return a == b || fs::equivalent(a, b, problem);
}

/// `output` would write over `input`, or over a file in the folder `input` (a checkpoint).
bool writes_over(const std::string& output, const std::string& input) {
  std::error_code problem;
  if (!fs::is_directory(input, problem)) return is_same(output, input);
  if (fs::is_directory(output, problem) || !fs::exists(output, problem)) return false;
  const fs::path folder = fs::path(output).parent_path();
  return is_same(folder.empty() ? "." : folder.string(), input);
}

/// An output that is a folder would write over the file `input` that lies in it: --export DIR
/// writes NNN-STEP.npy and trace.json, --save DIR a BERT.
bool writes_over_inside(const GivenFile& output, const std::string& input) {
  const fs::path file(input);
  const fs::path place = file.parent_path();
  if (!is_same(place.empty() ? "." : place.string(), output.path)) return false;
  const std::string name = file.filename().string();
  if (output.option == "--export") return name == "trace.json" || file.extension() == ".npy";
  static const std::set<std::string> kBert = {"config.json", "vocab.txt", "tokenizer_config.json",
                                              "model.safetensors"};
  return output.option == "--save" && kBert.contains(name);
}

void check_inputs_stay(const Common& common) {
  for (const GivenFile& output : common.files) {
    if (output.use != FileUse::writes || is_stream(output.path)) continue;
    for (const GivenFile& input : common.files) {
      if (input.use != FileUse::reads || input.path.empty()) continue;
      const bool option = input.option.starts_with("--");
      const bool lost =
          (option ? writes_over(output.path, input.path) : is_same(output.path, input.path)) ||
          writes_over_inside(output, input.path);
      if (!lost) continue;
      throw Error(ErrorKind::usage,
                  fmt::format("{} is both input and output", escaped(output.path, 200)),
                  "choose another name for one of them");
    }
  }
}

std::string no_folder(const std::string& place) {
  std::error_code problem;
  return std::filesystem::exists(place, problem)
             ? fmt::format("{} is no folder", escaped(place, 200))
             : fmt::format("there is no folder {}", escaped(place, 200));
}

/// Throws Error(io) where there is something that may not be written. A folder is asked whether
/// names may be made in it.
void check_permission(const std::string& path, const std::string& what) {
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return;  // a pipe, a device
  const int asked = W_OK | (is_there && S_ISDIR(status.st_mode) ? X_OK : 0);
  if (is_there && ::access(path.c_str(), asked) == 0) return;
  if (errno == ENOENT) return;
  throw Error(ErrorKind::io,
              fmt::format("cannot {}: {}", what, std::generic_category().message(errno)),
              "choose a place that you may write to");
}

/// The folder that the path lies in.
std::string folder_around(const std::string& path) {
  fs::path place(path);
  if (!place.has_filename()) place = place.parent_path();  // "new/"
  place = place.parent_path();
  return place.empty() ? "." : place.string();
}

/// Throws Error(io) where a folder is wanted and neither is nor can be made.
void check_folder_place(const GivenFile& output) {
  const std::string shown = escaped(output.path, 200);
  const bool is_there = file_exists(output.path);
  if (is_there && is_folder(output.path)) {
    check_permission(output.path, fmt::format("write into {}", shown));
  } else if (is_there && output.option == "--export") {
    throw Error(ErrorKind::io, fmt::format("{} is a file, not a folder", shown),
                "--export needs the name of a folder, or of one to be made");
  } else if (!is_there) {
    const std::string around = folder_around(output.path);
    const std::string what = fmt::format("make the folder {}", shown);
    const bool is_made = output.option != "--export" && !file_exists(around);
    if (!is_made && !is_folder(around))
      throw Error(ErrorKind::io, fmt::format("cannot {}: {}", what, no_folder(around)),
                  "the folder above it must exist and be writable");
    check_permission(around, what);
  }
}

}  // namespace

void check_place(const std::string& path) {
  std::error_code problem;
  const std::filesystem::path place(path);
  if (std::filesystem::is_directory(place, problem)) {
    throw Error(ErrorKind::io, fmt::format("cannot write {}: it is a folder", escaped(path, 200)),
                "name a file inside that folder");
  }
  const std::filesystem::path folder = place.parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder, problem)) {
    const std::string what = fmt::format("write {}", escaped(path, 200));
    check_permission(path, what);
    if (!is_stream(path)) check_permission(folder_around(path), what);
    return;
  }
  throw Error(ErrorKind::io,
              fmt::format("cannot write {}: {}", escaped(path, 200), no_folder(folder.string())),
              "create the folder first: mkdir -p " + escaped(folder.string(), 200));
}

void check_outputs(const Common& common) {
  const std::vector<std::string>& formats = output_formats();
  for (const std::string& output : common.outputs) check_place(output);
  if (!common.save_weights.empty()) check_place(common.save_weights);
  check_inputs_stay(common);
  for (const GivenFile& output : common.files) {
    if (output.use != FileUse::writes || output.path.empty()) continue;
    output.is_folder ? check_folder_place(output) : check_place(output.path);
  }
  for (const std::string& output : common.outputs) {
    std::string extension = std::filesystem::path(output).extension().string();
    if (extension.empty() && is_stream(output)) continue;
    for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (extension.empty() ||
        std::find(formats.begin(), formats.end(), extension.substr(1)) == formats.end()) {
      throw Error(
          ErrorKind::usage,
          extension.empty()
              ? fmt::format("--out {}: the name has no extension", escaped(output, 200))
              : fmt::format("--out {}: no format \"{}\"", escaped(output, 200), escaped(extension)),
          fmt::format("the name must end in one of: .{}", joined(formats, ", .")));
    }
  }
  if (!common.save_weights.empty() && !common.save_weights.ends_with(".safetensors")) {
    throw Error(ErrorKind::usage,
                fmt::format("--save-weights {}", escaped(common.save_weights, 200)),
                "the name must end in .safetensors");
  }
  if (common.json && common.plain)
    throw Error(ErrorKind::usage, "--json and --plain are both given", "choose one of them");
}

}  // namespace attn::app
