#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace attn {

/// A count with its noun, "1 step" or "2 steps"; `many` is the plural where an s does not make it.
template <class Count>
std::string how_many(Count n, std::string_view one, std::string_view many = {}) {
  if (n == Count{1}) return fmt::format("{} {}", n, one);
  return many.empty() ? fmt::format("{} {}s", n, one) : fmt::format("{} {}", n, many);
}

}  // namespace attn
