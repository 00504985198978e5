#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "attn/render/format.h"
#include "attn/render/palette.h"
#include "attn/render/view.h"

namespace attn {

/// The text as content or attribute of XML and HTML: markup characters become entities, control
/// characters, direction overrides and bytes that are not UTF-8 become visible escapes.
std::string markup(std::string_view text);

/// One block of a matrix as a picture of at most kPictureCells x kPictureCells cells; in a larger
/// block a cell is the mean of a rectangle of numbers.
inline constexpr std::size_t kPictureCells = 64;
struct Picture {
  std::size_t rows = 0, columns = 0;
  std::size_t row_step = 1, column_step = 1;  ///< numbers per cell, down and across
  std::vector<double> cells;                  ///< row after row

  bool reduced() const { return row_step > 1 || column_step > 1; }
  /// "each cell is the mean of 64 x 64 numbers".
  std::string note() const;
};
Picture picture(const MatrixView& view, std::size_t block);

/// A piece of SVG and the room it takes in pixels.
struct Drawing {
  std::string svg;
  double width = 0, height = 0;
};

/// One block as a heat map with labels and axis names; a cell's <title> says where it is and its
/// number.
Drawing draw_heatmap(const MatrixView& view, std::size_t block, const Scale& scale,
                     const NumberFormat& format);
/// True if colours say something about this matrix: not for ids, nor where all numbers are the
/// same.
bool worth_coloring(const MatrixView& view, const Scale& scale);
/// The colours with the numbers at their ends, and the smallest and largest number of the matrix.
Drawing draw_legend(const MatrixView& view, const Scale& scale);

/// <defs> for the hatching of cells that are not a number; needed once per document.
std::string_view heatmap_defs();
/// Rules for the classes used in drawings.
std::string heatmap_style();

}  // namespace attn
