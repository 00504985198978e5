#pragma once
#include <string>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// One self-contained HTML page that steps through the trace: a list of steps, previous and next
/// (also by the arrow keys), every step with its formula, what it was computed from, and its heat
/// maps, head by head. Without scripts it is one long page. It asks the network for nothing.
std::string html(const Trace& trace, const RenderOptions& options);

}  // namespace attn
