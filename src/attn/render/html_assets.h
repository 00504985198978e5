#pragma once
#include <string_view>

namespace attn {

/// The looks and the behaviour of the HTML page, as text to put into it.
std::string_view html_style();
std::string_view html_script();

}  // namespace attn
