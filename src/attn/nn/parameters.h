#pragma once
#include <map>
#include <string>

#include "attn/core/rng.h"
#include "attn/graph/tensor.h"
#include "attn/io/safetensors.h"

namespace attn {

/// The most random numbers for one parameter: a second or two of drawing. A small file must not
/// make a large program: 1 x 10 000 numbers of input would ask for matrices of 100 million.
inline constexpr double kMostDrawn = 20e6;

/// Throws Error(limit) if a parameter of this shape is more than may be drawn.
void require_drawable(const std::string& path, const Shape& shape, double most = kMostDrawn);

/// Where a model's parameters come from: random numbers of a seed, or a weight file.
class Parameters {
 public:
  /// `most` is the largest number of random numbers for one parameter.
  explicit Parameters(const Rng& rng, double most = kMostDrawn) : rng_(rng), most_(most) {}

  /// From now on get() answers from this file; `name` is for messages.
  void use(SafetensorsFile file, std::string name);

  /// The parameter with this path and shape: from the file, or normal numbers with this standard
  /// deviation from the stream that the path names. A path asked for twice gives the same tensor.
  /// What the file lacks stays random until check() reports it.
  /// Throws Error(limit) if it would have to be drawn and is too large.
  Tensor get(const std::string& path, const Shape& shape, double deviation);
  /// As get(), with given numbers where there is no file.
  Tensor get_or(const std::string& path, Array otherwise);

  /// This tensor is the parameter with this path, whatever the file or the seed says.
  void give(const std::string& path, Tensor parameter) { given_[path] = std::move(parameter); }

  /// Numbers that a run is given and that are not learnt: as get(), but of kind input, and the file
  /// need not hold them.
  Tensor get_input(const std::string& path, const Shape& shape, double deviation);

  /// Throws Error(bad_input) that lists every missing, misshapen and unused tensor of the file.
  void check() const;

 private:
  const Array* from_file(const std::string& path, const Shape& shape) const;

  Rng rng_;
  double most_;
  std::string file_name_;  // empty: no file
  SafetensorsFile file_;
  std::map<std::string, Tensor> given_;
};

}  // namespace attn
