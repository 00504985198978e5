#pragma once
// Pictures as characters: the brighter a place, the fuller its sign.
#include <string>
#include <vector>

#include "attn/core/array.h"

namespace attn::app {

/// The pictures (h,w) beside one another below their titles, all on one scale, within 76 columns
/// and 24 lines: what is larger is shrunk.
std::string drawing(const std::vector<Array>& pictures, const std::vector<std::string>& titles);

/// (t,h,w) as t pictures (h,w).
std::vector<Array> frames_of(const Array& video);

}  // namespace attn::app
