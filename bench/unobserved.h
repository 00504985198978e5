#pragma once
#include <functional>

/// Attention with everything about observing compiled away, its numbers drawn from `draw`. Each
/// call computes it and gives its (64,64) numbers, valid until the next call.
std::function<const float*()> unobserved_attention(const std::function<float()>& draw);
