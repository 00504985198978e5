#include "app/frame/data.h"

#include <fmt/format.h>

#include "attn/core/error.h"

namespace attn::app {

std::string_view data_file(std::string_view path) {
  for (const DataFile& file : data_files()) {
    if (file.path == path) return file.bytes;
  }
  throw Error(ErrorKind::internal, fmt::format("the program holds no file {}", path));
}

}  // namespace attn::app
