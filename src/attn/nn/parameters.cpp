#include "attn/nn/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "attn/core/error.h"
#include "attn/core/memory.h"

namespace attn {

void require_drawable(const std::string& path, const Shape& shape, double most) {
  const double count = std::accumulate(shape.begin(), shape.end(), 1.0, std::multiplies<>());
  if (count > most) {
    throw Error(ErrorKind::limit,
                fmt::format("the parameter {} {} would be {:.0f} million random numbers; the limit "
                            "is {:.0f} million",
                            path, to_string(shape), count / 1e6, most / 1e6),
                "use smaller sizes (--dim and the like), or parameters of your own with --weights");
  }
  require_memory(sizeof(real) * count, fmt::format("the parameter {} {}", path, to_string(shape)));
}

void Parameters::use(SafetensorsFile file, std::string name) {
  file_ = std::move(file);
  file_name_ = std::move(name);
}

const Array* Parameters::from_file(const std::string& path, const Shape& shape) const {
  for (const NamedArray& tensor : file_.tensors) {
    if (tensor.name == path && shape_of(tensor.values) == shape) return &tensor.values;
  }
  return nullptr;
}

Tensor Parameters::get(const std::string& path, const Shape& shape, double deviation) {
  if (const auto found = given_.find(path); found != given_.end()) return found->second;
  const Array* values = from_file(path, shape);
  if (values) return get_or(path, *values);
  require_drawable(path, shape, most_);
  return get_or(path, rng_.stream(path).normal(shape, deviation));
}

Tensor Parameters::get_or(const std::string& path, Array otherwise) {
  if (const auto found = given_.find(path); found != given_.end()) return found->second;
  const Array* values = from_file(path, shape_of(otherwise));
  if (values) otherwise = *values;
  return given_.emplace(path, Tensor::parameter(std::move(otherwise))).first->second;
}

Tensor Parameters::get_input(const std::string& path, const Shape& shape, double deviation) {
  const Array* values = from_file(path, shape);
  if (!values) {
    require_drawable(path, shape, most_);
    const bool misshapen =
        std::any_of(file_.tensors.begin(), file_.tensors.end(),
                    [&](const NamedArray& tensor) { return tensor.name == path; });
    // Among the expected ones it is compared, and reported, by check().
    if (!misshapen) return Tensor::input(rng_.stream(path).normal(shape, deviation));
  }
  const Tensor input = Tensor::input(values ? *values : zeros(shape));
  return given_.emplace(path, input).first->second;
}

void Parameters::check() const {
  if (file_name_.empty()) return;
  std::map<std::string, Shape> expected;
  for (const auto& [path, tensor] : given_) expected.emplace(path, tensor.shape());
  check_tensors(expected, shapes_of(file_), file_name_);
}

}  // namespace attn
