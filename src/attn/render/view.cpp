#include "attn/render/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/render/format.h"

namespace attn {

namespace {

constexpr std::size_t kLabelLimit = 40;
constexpr std::size_t kTextLimit = 1 << 24;

std::string label_at(const std::vector<std::string>* names, std::size_t i) {
  return names && i < names->size() ? label_text((*names)[i]) : std::to_string(i);
}

bool all_equal(const Array& values) {
  return std::all_of(values.data(), values.data() + values.size(),
                     [&](real v) { return v == *values.data(); });
}

bool is_shown(const Item& item, const RenderOptions& options) {
  if (const auto* step = std::get_if<Step>(&item)) {
    return options.show.empty() ? step->look != Look::hidden : matches(options.show, step->path);
  }
  if (const auto* table = std::get_if<Table>(&item)) {
    return !table->only_data && (options.show.empty() || matches(options.show, table->name));
  }
  return !options.quiet;
}

}  // namespace

std::string label_text(std::string_view label) {
  if (label.find_first_not_of(' ') == std::string_view::npos) {
    return '"' + escaped(label, kLabelLimit) + '"';
  }
  return escaped(label, kLabelLimit);
}

std::string check_text(const Check& check) {
  const std::string claim = safe_text(check.claim);
  if (check.holds() && check.tolerance == 0) return claim;
  return fmt::format("{} (difference {}, allowed {})", claim, number_text(check.difference, 2),
                     number_text(check.tolerance, 2));
}

std::string safe_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += escaped(line, kTextLimit);
    if (end == text.size()) return out;
    out += '\n';
    at = end + 1;
  }
}

MatrixView::MatrixView(const Trace& trace, const Step& step, bool column_convention)
    : step_(&step), shape_(step.shape()) {
  const std::size_t n = shape_.size();
  axes_ = step.axes;
  axes_.resize(n);
  transposed_ = column_convention && n >= 2;
  if (transposed_) {
    std::swap(shape_[n - 2], shape_[n - 1]);
    std::swap(axes_[n - 2], axes_[n - 1]);
  }
  for (const std::string& axis : axes_) {
    names_.push_back(axis_labels(trace, step, axis));
  }
  for (std::string& axis : axes_) axis = safe_text(axis);
  if (n >= 1) {
    columns_ = shape_[n - 1];
    column_axis_ = axes_[n - 1];
    column_names_ = names_[n - 1];
  }
  if (n >= 2) {
    rows_ = shape_[n - 2];
    row_axis_ = axes_[n - 2];
    row_names_ = names_[n - 2];
  }
  for (std::size_t axis = 0; axis + 2 < n; ++axis) blocks_ *= shape_[axis];
}

std::string MatrixView::axis_name(std::size_t axis) const {
  return axes_[axis].empty() ? fmt::format("axis {}", axis) : axes_[axis];
}

std::string MatrixView::block_title(std::size_t block) const {
  std::string title;
  if (rank() < 3) return title;
  for (std::size_t axis = rank() - 2; axis-- > 0;) {
    const std::size_t i = block % shape_[axis];
    block /= shape_[axis];
    title = axis_name(axis) + " " + label_at(names_[axis], i) + (title.empty() ? "" : ", ") + title;
  }
  return title;
}

std::string MatrixView::row_label(std::size_t row) const {
  return rank() < 2 ? std::string() : label_at(row_names_, row);
}

std::string MatrixView::column_label(std::size_t column) const {
  return rank() < 1 ? std::string() : label_at(column_names_, column);
}

std::string MatrixView::place(std::size_t block, std::size_t row, std::size_t column) const {
  std::string text = block_title(block);
  const auto append = [&](std::size_t axis, const std::string& label) {
    text += (text.empty() ? "" : ", ") + axis_name(axis) + " " + label;
  };
  if (rank() >= 2) append(rank() - 2, row_label(row));
  if (rank() >= 1) append(rank() - 1, column_label(column));
  return text;
}

std::string MatrixView::cell(std::size_t i) const {
  return i < step_->cells.size() ? label_text(step_->cells[i]) : std::string();
}

std::string MatrixView::shape_text(std::string_view times) const {
  if (rank() == 0) return "one number";
  std::string text;
  for (std::size_t axis = 0; axis < rank(); ++axis) {
    if (axis > 0) text += times;
    if (!axes_[axis].empty()) text += axes_[axis] + " ";
    text += std::to_string(shape_[axis]);
  }
  return text;
}

std::string kind_text(const Trace& trace, const Step& step) {
  switch (step.kind()) {
    case Tensor::Kind::value:
      return {};
    case Tensor::Kind::input:
      return "input";
    case Tensor::Kind::parameter:
      break;
  }
  const Array& values = step.values();
  if (values.size() > 1 && all_equal(values)) {
    return "parameter, every number is " + number_text(static_cast<double>(*values.data()));
  }
  switch (trace.parameters) {
    case Origin::unsaid:
      return "parameter";
    case Origin::learnt:
      return "parameter, learnt";
    case Origin::file:
      return "parameter, from a file";
    case Origin::drawn:
      break;
  }
  return fmt::format("parameter, random with seed {}", trace.seed);
}

std::string_view kind_name(const Step& step) {
  switch (step.kind()) {
    case Tensor::Kind::parameter:
      return "parameter";
    case Tensor::Kind::input:
      return "input";
    case Tensor::Kind::value:
      break;
  }
  return "value";
}

const std::vector<std::string>* axis_labels(const Trace& trace, const Step& step,
                                            std::string_view axis) {
  if (axis.empty()) return nullptr;
  auto found =
      trace.labels.find(step.path.substr(0, step.path.find('.')) + "." + std::string(axis));
  if (found == trace.labels.end()) found = trace.labels.find(axis);
  return found == trace.labels.end() ? nullptr : &found->second;
}

std::vector<const Item*> shown_items(const Trace& trace, const RenderOptions& options) {
  std::vector<const Item*> items;
  for (const Item& item : trace.items) {
    if (is_shown(item, options)) items.push_back(&item);
  }
  return items;
}

std::string Extract::left_out(std::string_view what) const {
  if (first == last) return fmt::format("{} {} of {}", what, first, count);
  return fmt::format("{}s {}..{} of {}", what, first, last, count);
}

Extract extract(std::size_t count, std::size_t room) {
  Extract out;
  out.count = count;
  const std::size_t kept = std::min(count, std::max<std::size_t>(room, 1));
  const std::size_t head = kept == count ? kept : kept - kept / 3;
  for (std::size_t i = 0; i < head; ++i) out.index.push_back(i);
  for (std::size_t i = count - (kept - head); i < count; ++i) out.index.push_back(i);
  out.gap = head;
  if (kept < count) {
    out.first = head;
    out.last = count - (kept - head) - 1;
  }
  return out;
}

}  // namespace attn
