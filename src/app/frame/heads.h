#pragma once
#include <cstddef>

namespace attn::app {

/// Throws Error(usage) unless --dim can be divided among --heads, and says which values can.
void require_heads_divide_dim(std::size_t dim, std::size_t heads);

}  // namespace attn::app
