#include "app/frame/outputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "attn/core/error.h"
#include "attn/render/export.h"

namespace attn::app {

namespace {

/// A device or a pipe needs no extension: it gets JSON.
bool is_stream(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  return std::filesystem::exists(status) && std::filesystem::is_other(status);
}

/// The files that this command line reads from.
std::vector<std::string> inputs_of(const Common& common) {
  std::vector<std::string> files = {common.input, common.weights};
  if (common.text.size() == 1) files.push_back(common.text[0]);  // softmax FILE
  const std::vector<std::string>& words = common.arguments;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    for (const std::string option : {"--query", "--key", "--mask"}) {
      std::string value = words[i] == option && i + 1 < words.size() ? words[i + 1]
                          : words[i].starts_with(option + "=") ? words[i].substr(option.size() + 1)
                                                               : "";
      if (value.starts_with("graph:")) value.erase(0, 6);
      files.push_back(std::move(value));
    }
  }
  return files;
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
  if (folder.empty() || std::filesystem::is_directory(folder, problem)) return;
  throw Error(ErrorKind::io,
              fmt::format("cannot write {}: there is no folder {}", escaped(path, 200),
                          escaped(folder.string(), 200)),
              "create the folder first: mkdir -p " + escaped(folder.string(), 200));
}

void check_outputs(const Common& common) {
  std::error_code problem;
  const std::vector<std::string>& formats = output_formats();
  std::vector<std::string> written = common.outputs;
  if (!common.save_weights.empty()) written.push_back(common.save_weights);
  for (const std::string& output : written) {
    check_place(output);
    for (const std::string& input : inputs_of(common)) {
      if (!input.empty() &&
          (output == input || std::filesystem::equivalent(output, input, problem)) &&
          !is_stream(output)) {
        throw Error(ErrorKind::usage,
                    fmt::format("{} is both input and output", escaped(output, 200)),
                    "choose another name for one of them");
      }
    }
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
          fmt::format("the name must end in one of: .{}", fmt::join(formats, ", .")));
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
