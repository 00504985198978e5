#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn::app {

/// A file of data/ or lessons/ that the program carries in itself.
struct DataFile {
  std::string_view path;  ///< "english-german.grammar" of data/; "lessons/05-.../lesson.md"
  std::string_view bytes;
};

const std::vector<DataFile>& data_files();

/// The bytes of one of them. Throws Error(internal) if there is none.
std::string_view data_file(std::string_view path);

}  // namespace attn::app
