#pragma once
// --mask, for every command that has one.
#include <string>

#include "app/frame/stage.h"
#include "attn/graph/tensor.h"

namespace attn::app {

/// Adds --mask.
void bind_mask(Cli& cli, std::string& mask);
/// What it names for n tokens: an empty tensor for "none". Where it is not given, the mask of what
/// the stage has read (a molecule's bonds). Throws Error(usage) for a number that is none, and what
/// reading a graph's file throws.
Tensor make_mask(const Stage& s, const std::string& mask, std::size_t n);

}  // namespace attn::app
