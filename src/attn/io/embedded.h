#pragma once
#include <string_view>
#include <vector>

namespace attn {

/// A file whose bytes the library or the program carries in itself (cmake/EmbedData.cmake).
struct EmbeddedFile {
  std::string_view path;
  std::string_view bytes;
};

/// The bytes of one of them. Throws Error(internal) if there is none.
std::string_view embedded_file(const std::vector<EmbeddedFile>& files, std::string_view path);

}  // namespace attn
