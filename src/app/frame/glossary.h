#pragma once
#include <string>
#include <string_view>

namespace attn::app {

/// What a step with this path and formula is and what to look at, in a sentence or two; "" if
/// unknown. Commands that know better say so themselves (Stage::explain).
std::string glossary(std::string_view path, std::string_view formula);

}  // namespace attn::app
