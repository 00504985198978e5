#pragma once
#include <map>
#include <string>
#include <vector>

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
  Tensor get(const std::string& path, const Shape& shape, double deviation);
  /// As get(), with given numbers where there is no file.
  Tensor get_or(const std::string& path, Array otherwise);

  /// Throws Error(bad_input) that lists every missing, misshapen and unused tensor of the file.
  void check() const;

  /// All parameters handed out, by path: what a weight file holds.
  std::vector<NamedArray> all() const;

 private:
  bool from_file(const std::string& path, const Shape& shape, Array& out);

  Rng rng_;
  bool has_file_ = false;
  std::string file_name_;
  std::map<std::string, Array> file_;
  std::map<std::string, Tensor> given_;
  std::vector<std::string> differences_;
};

}  // namespace attn
