#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// The words one after the other, with the separator between them. (fmt::join does the same for
/// numbers; for text each file that uses it would compile fmt's text formatter anew.)
std::string joined(const std::vector<std::string>& words, std::string_view separator);
std::string joined(const std::vector<std::string_view>& words, std::string_view separator);

}  // namespace attn
