#pragma once
#include <string>

#include "attn/graph/trace.h"
#include "attn/render/html_parts.h"
#include "attn/render/render.h"

namespace attn {

/// Lines are drawn between at most this many words on a side.
inline constexpr std::size_t kMostLineWords = 64;

/// "Who looks at whom": the words that look on the left, the words that they look at on the right,
/// and between them lines as thick as the attention weight. Takes every step "weights" or
/// "PART.weights" whose last two axes are words, hidden ones too; with --show those that match.
/// The numbers, rounded to 4 decimals, are a block of JSON that lines.js reads, so that
/// the reader can choose the step and the head. Without scripts the first step stands there, as the
/// mean of its heads. `chapter_of` tells which section of the page has a step's table.
/// Empty if there is no such step; a sentence alone if all of them have too many words.
std::string html_lines(const Trace& trace, const RenderOptions& options,
                       const Sections& chapter_of);

}  // namespace attn
