#pragma once
#include <string>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// One self-contained SVG file: every shown step as labelled heat maps with its formula, the
/// colours' meaning, and the number under the pointer. Blocks above 64 x 64 are reduced to means,
/// and say so.
std::string svg(const Trace& trace, const RenderOptions& options);

}  // namespace attn
