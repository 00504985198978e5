#include "app/learning/translator.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"

namespace attn::app {

namespace {

constexpr std::string_view kGrammar = ".grammar", kModel = ".safetensors";
constexpr std::size_t kLargestGrammar = 1 << 20;

/// Names of the program's own files with this ending, without it; not those in folders.
std::vector<std::string> names(std::string_view ending) {
  std::vector<std::string> out;
  for (const DataFile& file : data_files()) {
    if (file.path.ends_with(ending) && file.path.find('/') == std::string_view::npos)
      out.emplace_back(file.path.substr(0, file.path.size() - ending.size()));
  }
  return out;
}

bool is_own(const std::string& name, std::string_view ending) {
  const std::vector<std::string> all = names(ending);
  return std::find(all.begin(), all.end(), name) != all.end();
}

/// Throws unless there is such a file: it may have been meant as a name.
void require_file(const std::string& name, const char* what, std::string_view ending) {
  if (file_exists(name)) return;
  const std::vector<std::string> all = names(ending);
  const std::string near = nearest(name, all);
  throw Error(ErrorKind::usage,
              fmt::format("no {} \"{}\", and no file of that name", what, escaped(name, 200)),
              near.empty() ? fmt::format("the program's own: {}", joined(all, ", "))
                           : fmt::format("did you mean {}?", near));
}

}  // namespace

Language find_language(const std::string& name) {
  if (is_own(name, kGrammar)) {
    const std::string path = name + std::string(kGrammar);
    return {name, Grammar::parse(data_file(path), path)};
  }
  require_file(name, "language", kGrammar);
  return {std::filesystem::path(name).stem().string(),
          Grammar::parse(read_file(name, kLargestGrammar), name), name};
}

bool is_own_language(const std::string& name) { return is_own(name, kGrammar); }

ModelFile find_model(const std::string& name) {
  if (is_own(name, kModel)) {
    const std::string path = name + std::string(kModel);
    return load_model(data_file(path), path);
  }
  require_file(name, "model", kModel);
  return load_model(read_file(name, kSafetensorsLimit), name);
}

}  // namespace attn::app
