#pragma once
#include <string>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// The trace as sentences, for a screen reader or a line printer: no escape codes, no box or shade
/// characters, no line over 80 columns. Every row of a matrix is read with its labels.
std::string plain(const Trace& trace, const RenderOptions& options);

}  // namespace attn
