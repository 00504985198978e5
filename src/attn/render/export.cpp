#include "attn/render/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/file.h"
#include "attn/io/npy.h"
#include "attn/render/html.h"
#include "attn/render/json.h"
#include "attn/render/svg.h"
#include "attn/render/view.h"

namespace attn {

namespace {

constexpr std::size_t kLongestName = 100;

/// A path as part of a file's name, on every system.
std::string safe_name(std::string_view path) {
  std::string name;
  for (const char c : path.substr(0, kLongestName)) {
    const bool safe =
        std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    name += safe ? c : '_';
  }
  while (name.ends_with('.')) name.pop_back();
  return name;
}

std::string npy_of(const Step& step) {
  return step.is_ids() ? npy_id_bytes(step.values()) : npy_bytes(step.values());
}

void make_folder(const std::string& dir) {
  std::error_code problem;
  if (std::filesystem::is_directory(dir, problem)) return;
  if (std::filesystem::exists(dir, problem)) {
    throw Error(ErrorKind::io, fmt::format("{} is a file, not a folder", escaped(dir)),
                "--export needs the name of a folder, or of one to be made");
  }
  if (!std::filesystem::create_directory(dir, problem) && problem) {
    throw Error(ErrorKind::io,
                fmt::format("cannot make the folder {}: {}", escaped(dir), problem.message()),
                "the folder above it must exist and be writable");
  }
}

std::string extension(const std::string& path) {
  std::string text = std::filesystem::path(path).extension().string();
  if (!text.empty()) text.erase(0, 1);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

const Step& chosen(const Trace& trace, const std::string& glob) {
  const Step* last = nullptr;
  std::vector<std::string> paths;
  for (const Step* step : trace.steps()) {
    paths.push_back(step->path);
    if (glob.empty() ? step->kind() == Tensor::Kind::value : matches(glob, step->path)) last = step;
  }
  if (last) return *last;
  if (glob.empty())
    throw Error(ErrorKind::usage, "there is no matrix to write",
                "tables are in a file ending in .json or .html");
  const std::string near = nearest(glob, paths);
  throw Error(ErrorKind::usage, fmt::format("no step matches --show {}", escaped(glob)),
              near.empty() ? std::string() : fmt::format("did you mean {}?", near));
}

}  // namespace

const std::vector<std::string>& output_formats() {
  static const std::vector<std::string> formats{"json", "csv", "npy", "svg", "html"};
  return formats;
}

void export_folder(const Trace& trace, const std::string& dir) {
  make_folder(dir);
  std::vector<std::string> files;
  for (const Step* step : trace.steps()) {
    files.push_back(fmt::format("{:03}-{}.npy", files.size(), safe_name(step->path)));
    write_file((std::filesystem::path(dir) / files.back()).string(), npy_of(*step));
  }
  write_file((std::filesystem::path(dir) / "trace.json").string(), trace_document(trace, files));
}

void write_output(const Trace& trace, const std::string& path, const RenderOptions& options) {
  const std::string format = extension(path);
  if (format == "json") {
    write_file(path, json(trace));
  } else if (format == "csv") {
    write_file(path, csv_text(chosen(trace, options.show).values()));
  } else if (format == "npy") {
    write_file(path, npy_of(chosen(trace, options.show)));
  } else if (format == "svg") {
    write_file(path, svg(trace, options));
  } else if (format == "html") {
    write_file(path, html(trace, options));
  } else {
    throw Error(ErrorKind::usage,
                fmt::format("--out {}: {}", escaped(path),
                            format.empty() ? "the name has no extension"
                                           : fmt::format("unknown format {}", escaped(format))),
                "the name must end with .json, .csv, .npy, .svg or .html");
  }
}

}  // namespace attn
