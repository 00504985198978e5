#include "attn/render/assets.h"

namespace attn {

std::string_view asset(std::string_view name) { return embedded_file(asset_files(), name); }

std::string asset_in_one_line(std::string_view name) {
  std::string text(asset(name));
  std::erase(text, '\n');
  return text;
}

}  // namespace attn
