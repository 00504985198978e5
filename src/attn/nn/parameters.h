#pragma once
#include <map>
#include <string>

#include "attn/core/rng.h"
#include "attn/graph/tensor.h"
#include "attn/io/safetensors.h"

namespace attn {

/// Where a model's parameters come from: random numbers of a seed, or a weight file.
class Parameters {
 public:
  explicit Parameters(const Rng& rng) : rng_(rng) {}

  /// From now on get() answers from this file; `name` is for messages.
  void use(SafetensorsFile file, std::string name);

  /// The parameter with this path and shape: from the file, or normal numbers with this standard
  /// deviation from the stream that the path names. A path asked for twice gives the same tensor.
  /// What the file lacks stays random until check() reports it.
  Tensor get(const std::string& path, const Shape& shape, double deviation);
  /// As get(), with given numbers where there is no file.
  Tensor get_or(const std::string& path, const Array& otherwise);

  /// Throws Error(bad_input) that lists every missing, misshapen and unused tensor of the file.
  void check() const;

 private:
  const Array* from_file(const std::string& path, const Shape& shape) const;

  Rng rng_;
  std::string file_name_;  // empty: no file
  SafetensorsFile file_;
  std::map<std::string, Tensor> given_;
};

}  // namespace attn
