#include "attn/graph/tensor.h"

#include <algorithm>
#include <utility>

namespace attn {

Tensor::Node::Node(Array numbers, Kind k, bool needs)
    : value(std::move(numbers)), kind(k), needs_grad(needs) {}

Tensor::Tensor(Array value, Kind kind, bool needs_grad)
    : node_(std::make_shared<Node>(std::move(value), kind, needs_grad)) {}

Tensor::Tensor(Array value) : Tensor(std::move(value), Kind::value, false) {}

Tensor Tensor::parameter(Array value) { return {std::move(value), Kind::parameter, true}; }

Tensor Tensor::input(Array value) { return {std::move(value), Kind::input, false}; }

Tensor Tensor::result(Array value, bool needs_grad) {
  return {std::move(value), Kind::value, needs_grad};
}

Tensor Tensor::ids(Array value, Kind kind) {
  Tensor t(std::move(value), kind, false);
  t.node_->is_ids = true;
  return t;
}

Tensor Tensor::ids(const std::vector<std::size_t>& numbers, const Shape& shape) {
  Array values = empty(shape);
  std::transform(numbers.begin(), numbers.end(), values.data(),
                 [](std::size_t id) { return static_cast<real>(id); });
  return ids(std::move(values));
}

Array& Tensor::grad() const {
  const Sum sum = add_to_grad();
  if (sum.beta == 0) std::fill_n(sum.to, node_->grad.size(), real{0});
  return node_->grad;
}

Tensor::Sum Tensor::add_to_grad() const {
  const bool first = !node_->has_grad;
  if (first && node_->grad.shape() != node_->value.shape()) node_->grad = empty(shape());
  node_->has_grad = true;
  return {node_->grad.data(), first ? real{0} : real{1}};
}

}  // namespace attn
