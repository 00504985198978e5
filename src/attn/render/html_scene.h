#pragma once
#include <string>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// Patches are drawn over one another for at most this many of them.
inline constexpr std::size_t kMostScenePatches = 400;

/// "Who a patch looks at": the picture, and over it the weights of the patch under the pointer.
/// Takes every attention of patches to patches, hidden ones too; with --show those that match. The
/// numbers are a block of JSON that scene.js reads. Without scripts the patch of --at stands there,
/// as the mean of the first matrix's heads. Empty where the tokens are no patches.
std::string html_scene(const Trace& trace, const RenderOptions& options);

}  // namespace attn
