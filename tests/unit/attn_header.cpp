#include "attn/attn.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "attn/io/file.h"

TEST_CASE("attn.h: it includes every header of the library but those for its own files") {
  const std::vector<std::string> own = {"attn/attn.h",
                                        "attn/core/lanes.h",
                                        "attn/nn/block.h",
                                        "attn/ops/op.h",
                                        "attn/ops/recurrent_row.h",
                                        "attn/render/assets.h",
                                        "attn/train/tasks_list.h"};
  const std::string source = ATTN_SOURCE_DIR;
  const std::string contents = attn::read_file(source + "/attn/attn.h", 1 << 20);
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source + "/attn")) {
    if (entry.path().extension() != ".h") continue;
    const std::string name = std::filesystem::relative(entry.path(), source).string();
    const bool included = contents.find("#include \"" + name + "\"") != std::string::npos;
    CHECK_MESSAGE(included == (std::find(own.begin(), own.end(), name) == own.end()), name);
    ++seen;
  }
  CHECK(seen > 70);
}
