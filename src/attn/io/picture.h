#pragma once
#include <string>
#include <string_view>

#include "attn/core/array.h"

namespace attn {

/// The most pixels that a picture may have: what decodes larger ones would take more memory than
/// attention over them could ever use.
inline constexpr std::size_t kMostPixels = std::size_t{1} << 24;

/// The picture in the bytes of a PNG, JPEG, PPM or PGM file, as numbers from 0 to 1: (h,w,3) red,
/// green and blue, or (h,w,1) where it is grey. 16 bits keep their precision, a palette is looked
/// up, and what is transparent is laid over white. With `grey`, colours become
/// 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). `name` (the path) begins every message.
/// Throws Error(bad_input) for another format, for a file that is cut or damaged, and for more
/// pixels than its bytes can hold; Error(limit) beyond kMostPixels.
Array parse_picture(std::string_view bytes, const std::string& name, bool grey = false);

}  // namespace attn
