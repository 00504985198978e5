#pragma once
// What `why` calls a number: one name for each, and no name for two.
#include <string>
#include <unordered_map>

#include "attn/graph/trace.h"

namespace attn::app {

/// Names for the numbers of a trace, also of those between the named steps.
class NumberNames {
 public:
  explicit NumberNames(const Trace& source) : source_(source) {}

  /// Where this number has its name: what was only moved, or is a part of a matrix, keeps the place
  /// it has in the named matrix.
  NumberRef place_of(NumberRef ref) const;
  /// A step's path; else what it was computed from, "(x w_1 + b_1)", with "#2" behind it if it is
  /// the second that reads so.
  std::string of(const Tensor& tensor) const;
  /// True if a "#" was given.
  bool gave_copies() const { return gave_copies_; }

 private:
  std::string described(const Tensor& tensor, int level) const;
  std::string operand(const Tensor& tensor, int level) const;
  std::string part(const Tensor& tensor) const;
  void count_all() const;

  const Trace& source_;
  mutable bool gave_copies_ = false;
  mutable std::unordered_map<const void*, std::size_t> which_;     // 1 for the first of its name
  mutable std::unordered_map<std::string, std::size_t> how_many_;  // tensors of this description
};

}  // namespace attn::app
