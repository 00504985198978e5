#pragma once
#include <cstddef>
#include <cstdint>

namespace attn::app {

class Stage;

/// Throws Error(usage) unless --dim can be divided among --heads, and says which values can.
void require_heads_divide_dim(std::size_t dim, std::size_t heads);

/// The number of heads for width `dim`: as asked for, or, where nobody asked and it does not divide
/// the width, 1. Throws as require_heads_divide_dim does.
std::size_t heads_for(const Stage& s, std::size_t dim, std::int64_t heads);

}  // namespace attn::app
