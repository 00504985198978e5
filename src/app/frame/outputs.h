#pragma once
#include "app/frame/stage.h"

namespace attn::app {

/// Tells mistakes about --out, --save-weights and --json, and every place that the command line
/// writes to and that cannot be written, before any work is done. Throws Error(usage) for names and
/// combinations, Error(io) for places.
void check_outputs(const Common& common);

/// Throws Error(io) if no file can be written at this place: a folder is there, its folder is not,
/// or one of them may not be written.
void check_place(const std::string& path);

}  // namespace attn::app
