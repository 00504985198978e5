#include "attn/io/embedded.h"

#include <fmt/format.h>

#include "attn/core/error.h"

namespace attn {

std::string_view embedded_file(const std::vector<EmbeddedFile>& files, std::string_view path) {
  for (const EmbeddedFile& file : files) {
    if (file.path == path) return file.bytes;
  }
  throw Error(ErrorKind::internal, fmt::format("the program holds no file {}", path));
}

}  // namespace attn
