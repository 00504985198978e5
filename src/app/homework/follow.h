#pragma once
// What a student's own earlier answers lead to, where only their rounded form is known.
#include <map>
#include <optional>
#include <string>

#include "app/homework/worksheet.h"

namespace attn::app::homework {

/// How far the number that a student computed on may lie from the one that was written down: half a
/// unit of the last digit written. 0 for whole numbers, which nobody rounds, and where more digits
/// are written than `digits` and two more.
double rounding_of(const Array& answer, int digits);

/// All that a step may be if its student computed on with some numbers that round to the earlier
/// answers: `middle` from the answers as they stand, each number up to `reach` away.
struct Band {
  Array middle, reach;
};

/// `rounding`: of each earlier answer that the step may read. Nothing if the answers lead to
/// nothing. To first order: each number of each answer is moved alone, and what it moves is summed.
std::optional<Band> band_of(const SheetStep& step, const Values& values,
                            const std::map<std::string, double, std::less<>>& rounding);

/// True if every number lies in the band, or no further outside than `fits` allows.
bool in_band(const Array& answer, const Band& band, int digits);

}  // namespace attn::app::homework
