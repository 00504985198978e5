#include "attn/nn/parameters.h"

#include <fmt/format.h>

#include "attn/core/error.h"

namespace attn {

void Parameters::use(SafetensorsFile file, std::string name) {
  has_file_ = true;
  file_name_ = std::move(name);
  for (NamedArray& tensor : file.tensors) file_.emplace(tensor.name, std::move(tensor.values));
}

bool Parameters::from_file(const std::string& path, const Shape& shape, Array& out) {
  if (!has_file_) return false;
  const auto found = file_.find(path);
  if (found == file_.end()) {
    differences_.push_back(fmt::format("missing: {} {}", path, to_string(shape)));
  } else if (shape_of(found->second) != shape) {
    differences_.push_back(fmt::format("other shape: {} is {} in the file, {} here", path,
                                       to_string(shape_of(found->second)), to_string(shape)));
  } else {
    out = found->second;
    return true;
  }
  return false;
}

Tensor Parameters::get(const std::string& path, const Shape& shape, double deviation) {
  if (const auto found = given_.find(path); found != given_.end()) return found->second;
  Array values;
  if (!from_file(path, shape, values)) values = rng_.stream(path).normal(shape, deviation);
  return given_.emplace(path, Tensor::parameter(std::move(values))).first->second;
}

Tensor Parameters::get_or(const std::string& path, Array otherwise) {
  if (const auto found = given_.find(path); found != given_.end()) return found->second;
  Array values;
  if (!from_file(path, shape_of(otherwise), values)) values = std::move(otherwise);
  return given_.emplace(path, Tensor::parameter(std::move(values))).first->second;
}

void Parameters::check() const {
  if (!has_file_) return;
  std::vector<std::string> lines = differences_;
  for (const auto& [path, values] : file_) {
    if (!given_.contains(path)) {
      lines.push_back(fmt::format("not used here: {} {}", escaped(path), to_string(shape_of(values))));
    }
  }
  if (lines.empty()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: these weights do not fit the command:\n  {}", escaped(file_name_, 200),
                          fmt::join(lines, "\n  ")),
              "use the options and the text with which --save-weights wrote the file");
}

std::vector<NamedArray> Parameters::all() const {
  std::vector<NamedArray> out;
  for (const auto& [path, tensor] : given_) {
    NamedArray named;
    named.name = path;
    named.values = tensor.value();
    out.push_back(std::move(named));
  }
  return out;
}

}  // namespace attn
