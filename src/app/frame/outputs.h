#pragma once
#include "app/frame/stage.h"

namespace attn::app {

/// Tells mistakes about --out, --save-weights and --json before any work is done. Throws
/// Error(usage) for names and combinations, Error(io) for places that cannot be written.
void check_outputs(const Common& common);

/// Throws Error(io) if no file can be written at this place: a folder is there, or its folder is
/// not.
void check_place(const std::string& path);

}  // namespace attn::app
