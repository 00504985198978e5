#include "app/frame/user_file.h"

#include <cstdlib>
#include <filesystem>

namespace attn::app {

std::string user_file(const std::string& name) {
  const auto folder = [](const char* variable) -> std::filesystem::path {
    const char* value = std::getenv(variable);
    const std::filesystem::path path(value ? value : "");
    return path.is_absolute() ? path : std::filesystem::path();
  };
  if (const auto data = folder("XDG_DATA_HOME"); !data.empty())
    return (data / "attn" / name).string();
  if (const auto home = folder("HOME"); !home.empty())
    return (home / ".local" / "share" / "attn" / name).string();
  return {};
}

}  // namespace attn::app
