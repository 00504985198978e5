#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// One step as blocks of rows and columns with labels, whatever its rank: a single number is 1x1, a
/// vector one row, and every axis before the last two makes blocks ("head 0", "head 1"). With the
/// column convention the last two axes are exchanged.
class MatrixView {
 public:
  MatrixView(const Trace& trace, const Step& step, bool column_convention = false);

  const Step& step() const { return *step_; }
  std::size_t rank() const { return shape_.size(); }
  std::size_t blocks() const { return blocks_; }
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  bool empty() const { return step_->values().size() == 0; }
  /// The lengths of the axes in the order that is shown.
  const Shape& shown_shape() const { return shape_; }
  bool transposed() const { return transposed_; }

  /// Names of the axes; "" where the step has none (or there is no such axis).
  const std::string& row_axis() const { return row_axis_; }
  const std::string& column_axis() const { return column_axis_; }
  /// "head 0" or "batch 1, head 0"; "" if the rank is below 3.
  std::string block_title(std::size_t block) const;
  /// A token, or the index. Safe to print; "" for the one row of a vector.
  std::string row_label(std::size_t row) const;
  std::string column_label(std::size_t column) const;
  /// True if the labels are words and not indices.
  bool rows_named() const { return row_names_ != nullptr; }
  bool columns_named() const { return column_names_ != nullptr; }
  /// "head 0, query the, key animal".
  std::string place(std::size_t block, std::size_t row, std::size_t column) const;

  /// The number's place in memory order.
  std::size_t index(std::size_t block, std::size_t row, std::size_t column) const {
    return block * rows_ * columns_ +
           (transposed_ ? column * rows_ + row : row * columns_ + column);
  }
  double at(std::size_t block, std::size_t row, std::size_t column) const {
    return static_cast<double>(values()[index(block, row, column)]);
  }
  std::span<const real> values() const { return {step_->values().data(), step_->values().size()}; }
  /// The label of Step::cells at this place, safe to print, or "" if the step has none.
  std::string cell(std::size_t index) const;

  /// "head 2 x query 11 x key 11", in the order that is shown, with `times` between the axes.
  std::string shape_text(std::string_view times = " x ") const;

 private:
  std::string axis_name(std::size_t axis) const;

  const Step* step_;
  Shape shape_;  // as shown
  std::vector<std::string> axes_;
  std::vector<const std::vector<std::string>*> names_;  // labels by axis, or null
  std::size_t blocks_ = 1, rows_ = 1, columns_ = 1;
  bool transposed_ = false;
  std::string row_axis_, column_axis_;
  const std::vector<std::string>* row_names_ = nullptr;
  const std::vector<std::string>* column_names_ = nullptr;
};

/// A label safe to print: control characters escaped, and an empty or blank one in quotes.
std::string label_text(std::string_view label);

/// Said once where everything is shown in the column convention.
inline constexpr std::string_view kColumnConvention =
    "Column convention: a token is a column, so every matrix is shown transposed. The formulas and "
    "the sentences are those of the row convention: a row there is a column here.";

/// "parameter, random with seed 1", "input", or "" for a computed step.
std::string kind_text(const Trace& trace, const Step& step);
/// "parameter", "input", "value".
std::string_view kind_name(const Step& step);

/// The labels of a step's axis, or null: those of "PART.axis", where the step's path begins with
/// "PART." (an encoder's queries are other words than a decoder's), else those of "axis".
const std::vector<std::string>* axis_labels(const Trace& trace, const Step& step,
                                            std::string_view axis);

/// What people are shown of the trace, in its order; every renderer for them shows this and nothing
/// else. --show chooses steps and tables by name, without it hidden steps and tables that are only
/// data are left out. Remarks, drawings and checks are always there, whichever steps are, so that
/// no check can fail unseen; --quiet leaves steps and tables alone.
std::vector<const Item*> shown_items(const Trace& trace, const RenderOptions& options);

/// Which of `count` rows or columns are shown: all, or some at the beginning and some at the end.
struct Extract {
  std::vector<std::size_t> index;
  std::size_t gap = 0;    ///< the left-out ones stand before index[gap]; index.size() if at the end
  std::size_t first = 0;  ///< the left-out ones: first..last
  std::size_t last = 0;
  std::size_t count = 0;

  bool whole() const { return index.size() == count; }
  /// "rows 4..28 of 32".
  std::string left_out(std::string_view what) const;
};

Extract extract(std::size_t count, std::size_t room);

/// The claim of a check, and how far apart the two ways were. What must be exact and is says
/// nothing more.
std::string check_text(const Check& check);

/// A few lines of text made safe to print: control characters escaped, line breaks kept.
std::string safe_text(std::string_view text);

}  // namespace attn
