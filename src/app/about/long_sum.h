#pragma once
#include <optional>
#include <string>

#include "attn/graph/trace.h"

namespace attn::app {

/// The arithmetic of a Reason with its first long sum taken apart: the largest terms, and all
/// others as one number.
struct ShortSum {
  using Arithmetic = decltype(Reason::arithmetic);
  Arithmetic before, largest, after;
  std::size_t others = 0;  ///< how many terms are left out
  double rest = 0;         ///< their sum
};

/// Nothing where no sum is long, or a term holds more than numbers, + - * / ^, exp, tanh and
/// brackets.
std::optional<ShortSum> shortened(const ShortSum::Arithmetic& arithmetic);

}  // namespace attn::app
