#pragma once
#include <string_view>
#include <vector>

namespace attn::app {

/// The numbers in a text: "6 000" and "6,000" are 6000; digits inside a name are none.
std::vector<double> literal_numbers(std::string_view text);

}  // namespace attn::app
