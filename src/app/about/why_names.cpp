#include "app/about/why_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "attn/core/array.h"
#include "attn/core/joined.h"

namespace attn::app {

namespace {

/// Ops whose results are numbers of their inputs, moved.
constexpr std::array<std::string_view, 11> kMoves = {
    "reshape",        "transpose",   "slice_rows",  "slice_columns", "split_heads", "merge_heads",
    "concat_columns", "concat_rows", "last_hidden", "last_cell",     "embed"};

bool moves(const Making& making) {
  return std::find(kMoves.begin(), kMoves.end(), making.op) != kMoves.end();
}

}  // namespace

NumberRef NumberNames::place_of(NumberRef ref) const {
  while (source_.name(ref.tensor).empty()) {
    const NumberRef whole = source_.in_whole(ref);
    if (whole.tensor.id() != ref.tensor.id()) {
      ref = whole;
      continue;
    }
    const Making* making = source_.making(ref.tensor);
    if (!making || !moves(*making)) break;
    const Reason reason = making->explain(ref.index);
    const auto* from =
        reason.arithmetic.size() == 1 ? std::get_if<NumberRef>(&reason.arithmetic[0]) : nullptr;
    if (!from) break;
    ref = *from;
  }
  return ref;
}

std::string NumberNames::of(const Tensor& tensor) const {
  if (const std::string_view path = source_.name(tensor); !path.empty()) return std::string(path);
  if (which_.empty()) count_all();
  const std::string name = described(tensor, 0);
  if (how_many_[name] < 2) return name;
  gave_copies_ = true;
  return fmt::format("{}#{}", name, which_[tensor.id()]);
}

/// Numbers everything without a name, in the order in which it was made.
void NumberNames::count_all() const {
  const auto count = [&](const Tensor& tensor) {
    if (!tensor || !source_.name(tensor).empty() || which_.contains(tensor.id())) return;
    const Making* making = source_.making(tensor);
    if (source_.in_whole({tensor, 0}).tensor.id() != tensor.id()) return;
    if (making && moves(*making)) return;  // its numbers are called by where they come from
    which_[tensor.id()] = ++how_many_[described(tensor, 0)];
  };
  for (const Tensor& tensor : source_.kept()) {
    if (const Making* making = source_.making(tensor)) {
      for (const Tensor& input : making->inputs) count(input);
    }
    count(tensor);
  }
}

/// "(x w_1 + b_1)": by the names of what it was made from.
std::string NumberNames::described(const Tensor& tensor, int level) const {
  const Making* making = source_.making(tensor);
  if (!making) return tensor.kind() == Tensor::Kind::parameter ? "parameter" : "constant";
  std::vector<std::string> from;
  for (const Tensor& input : making->inputs) {
    if (!input) continue;
    if (from.size() == 3) {
      from.emplace_back("...");
      break;
    }
    from.push_back(operand(input, level));
  }
  const std::string& op = making->op;
  if (from.empty()) return op;
  if (op == "linear" && from.size() == 3)
    return fmt::format("({} {} + {})", from[0], from[1], from[2]);
  if ((op == "linear" || op == "matmul") && from.size() == 2)
    return fmt::format("({} {})", from[0], from[1]);
  if (op == "matmul_nt" && from.size() == 2) return fmt::format("({} {}^T)", from[0], from[1]);
  if (op == "add" && from.size() == 2) return fmt::format("({} + {})", from[0], from[1]);
  return fmt::format("{}({})", op, joined(from, ", "));
}

std::string NumberNames::operand(const Tensor& tensor, int level) const {
  if (const std::string_view path = source_.name(tensor); !path.empty()) return std::string(path);
  if (const std::string rows = part(tensor); !rows.empty()) return rows;
  return level < 2 ? described(tensor, level + 1) : "...";
}

/// "w[4..7]" for rows 4 to 7 of w; "" for what is no part of a named matrix.
std::string NumberNames::part(const Tensor& tensor) const {
  const std::size_t size = tensor.value().size();
  if (size == 0) return {};
  const NumberRef first = place_of({tensor, 0}), last = place_of({tensor, size - 1});
  const std::string_view path = source_.name(first.tensor);
  if (path.empty() || first.tensor.id() != last.tensor.id()) return {};
  const Shape shape = first.tensor.shape();
  const std::vector<std::size_t> a = coordinates(first.index, shape),
                                 b = coordinates(last.index, shape);
  std::size_t axes = shape.size();  // whole axes at the end go without saying
  while (axes > 0 && a[axes - 1] == 0 && b[axes - 1] + 1 == shape[axes - 1]) --axes;
  if (axes == 0) return {};
  std::string places;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    if (axis > 0) places += ",";
    places +=
        a[axis] == b[axis] ? fmt::format("{}", a[axis]) : fmt::format("{}..{}", a[axis], b[axis]);
  }
  return fmt::format("{}[{}]", path, places);
}

}  // namespace attn::app
