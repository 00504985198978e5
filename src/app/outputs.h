#pragma once
#include "app/stage.h"

namespace attn::app {

/// Tells mistakes about --out, --save-weights and --json before any work is done. Throws
/// Error(usage) for names and combinations, Error(io) for places that cannot be written.
void check_outputs(const Common& common);

}  // namespace attn::app
