#pragma once
// Does an answer say what was asked, and if not, what is wrong with it as it stands?
#include <optional>
#include <string>

#include "attn/core/array.h"

namespace attn::app::homework {

/// True if both have the same shape and no number is further from `wanted` than one unit of the
/// last digit asked for (and the rounding of floats); whole numbers must be equal. Where -inf is
/// wanted, anything at or below -10000 will do. NaN fits only NaN.
bool fits(const Array& answer, const Array& wanted, int digits);

/// The answer in the wanted shape, where it differs by nothing but axes of length 1 (a column for a
/// row) or by leading axes in one (the heads one below the other).
std::optional<Array> in_shape(const Array& answer, const Shape& wanted);

/// If the right numbers stand in the wrong place, order, shape or type: which, as one sentence.
/// Else
/// "".
std::string misplaced(const Array& answer, const Array& wanted, int digits);

/// Where the answer first differs and in which range the difference lies; never a number of
/// `wanted`. The shapes are equal.
std::string first_difference(const Array& answer, const Array& wanted, int digits,
                             const std::string& name);

/// How many numbers of the answer are right. The shapes are equal.
std::size_t right_numbers(const Array& answer, const Array& wanted, int digits);

/// True if all numbers are the same, and there are several.
bool is_constant(const Array& a);

}  // namespace attn::app::homework
