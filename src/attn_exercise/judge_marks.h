#pragma once

namespace attn_exercise {

/// Between the parts of a value that is written as text, so that they can be named: exercise.h has
/// the names, which the test program does not know.
inline constexpr char kBetweenFields = '\x1e', kBetweenElements = '\x1d';

}  // namespace attn_exercise
