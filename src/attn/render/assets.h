#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "attn/io/embedded.h"

namespace attn {

/// The files of src/attn/render/assets: the style and the scripts of pages and pictures, each named
/// without its folder.
const std::vector<EmbeddedFile>& asset_files();

/// The bytes of one of them. Throws Error(internal) if there is none.
std::string_view asset(std::string_view name);

/// The same without line breaks: a small picture stays small.
std::string asset_in_one_line(std::string_view name);

}  // namespace attn
