#pragma once
#include <string_view>
#include <vector>

#include "attn/io/embedded.h"

namespace attn::app {

/// A file of data/ or lessons/ that the program carries in itself. Its path is that of
/// "english-german.grammar" in data/, or "lessons/05-.../lesson.md", or "docs/notes.md".
using DataFile = EmbeddedFile;

const std::vector<DataFile>& data_files();

/// The bytes of one of them. Throws Error(internal) if there is none.
inline std::string_view data_file(std::string_view path) {
  return embedded_file(data_files(), path);
}

}  // namespace attn::app
