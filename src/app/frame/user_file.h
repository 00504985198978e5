#pragma once
#include <string>

namespace attn::app {

/// A file of this name in the user's data folder: $XDG_DATA_HOME/attn, or below
/// $HOME/.local/share; "" if neither is known. A relative path in these variables is none.
std::string user_file(const std::string& name);

}  // namespace attn::app
