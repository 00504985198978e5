#pragma once
#include <cstddef>
#include <limits>
#include <string>

#include "attn/graph/trace.h"
#include "attn/render/lines.h"
#include "attn/render/view.h"

namespace attn {

/// The trace for a terminal: every step as a matrix with labels, the explanation between them, and
/// at the end what took how long. With colour the numbers stand on a heat map; without, matrices
/// of numbers from 0 up have a shade behind each number. No line is wider than the window, except
/// a Verbatim's.
std::string terminal(const Trace& trace, const RenderOptions& options);
/// What of it fits into a window of so many lines: the names of the steps on the way, how the
/// checks came out, the result, and the time in one line. "" where a trace has neither steps nor
/// tables.
std::string terminal_summary(const Trace& trace, const RenderOptions& options, std::size_t lines);

inline constexpr std::size_t kAllRows = std::numeric_limits<std::size_t>::max();
/// A step below its name, with at most so many rows.
void put_step(Page& page, const Trace& trace, const Step& step, std::size_t most_rows = kAllRows);
void put_check(Page& page, const Check& check);

/// The matrix of one step: labels, numbers, and what is not shown.
void put_matrix(Page& page, const MatrixView& view, std::size_t most_rows = kAllRows);
/// The whole matrix in little room, one or two characters for each number: where the large numbers
/// are. False, and nothing is put, if it does not fit.
bool put_map(Page& page, const MatrixView& view, const Scale& scale);
/// Columns of text aligned, numbers on the right. Where they do not fit, headers stand on two
/// lines; where that is not enough, the columns come in several tables, each with the first one.
void put_table(Page& page, const Table& table);
/// What the computed steps of the trace cost: in one line, or (options.timing, or several runs)
/// each of these in a table.
void put_costs(Page& page, const Trace& trace, const std::vector<const Step*>& steps);

}  // namespace attn
