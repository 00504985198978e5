#pragma once
#include <memory>
#include <vector>

#include "attn/core/array.h"

namespace attn {

/// A shared handle to a value and, where one is needed, its gradient. Copies share both.
class Tensor {
 public:
  /// Where the numbers come from: trained or random; given from outside; computed.
  enum class Kind { parameter, input, value };

  Tensor() = default;
  /// A computed constant: no gradient flows into it.
  explicit Tensor(Array value);
  /// Trained (or random) numbers: gradients flow into them when a tape looks.
  static Tensor parameter(Array value);
  /// Numbers given from outside.
  static Tensor input(Array value);
  /// Whole numbers below 2^24 (token ids, chosen places), exact in a float.
  static Tensor ids(Array value, Kind kind = Kind::input);
  static Tensor ids(const std::vector<std::size_t>& numbers, const Shape& shape);
  /// The result of an op; it needs a gradient if one of the op's inputs does.
  static Tensor result(Array value, bool needs_grad);

  const Array& value() const { return node_->value; }
  /// For an optimizer's step and a loader: changes the number every holder sees.
  Array& mutable_value() { return node_->value; }
  Shape shape() const { return shape_of(node_->value); }

  bool needs_grad() const { return node_->needs_grad; }
  /// Asks for a gradient of an input too (to check one against a difference, to show one).
  void require_grad() const { node_->needs_grad = true; }
  Kind kind() const { return node_->kind; }
  bool is_ids() const { return node_->is_ids; }
  /// d loss / d value, zeros until a backward pass has added to it. Gradients accumulate.
  Array& grad() const;
  /// Where an op adds to the gradient: to = beta to + what it adds. beta is 0 if nothing was added
  /// before; then `to` holds anything, and every number of it must be written. Saves filling it
  /// with zeros and reading them again.
  struct Sum {
    real* to;
    real beta;
  };
  Sum add_to_grad() const;
  void clear_grad() const { node_->has_grad = false; }

  /// True if no copy of this handle exists: what it holds ends with it.
  bool is_only_handle() const { return node_.use_count() == 1; }
  /// Tells handles apart: equal for copies of one handle.
  const void* id() const { return node_.get(); }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  struct Node {
    Array value;
    Kind kind;
    bool needs_grad;
    bool is_ids = false;
    bool has_grad = false;
    Array grad = {};

    Node(Array numbers, Kind k, bool needs);
  };
  Tensor(Array value, Kind kind, bool needs_grad);

  std::shared_ptr<Node> node_;
};

}  // namespace attn
