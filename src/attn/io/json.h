#pragma once
// JSON from outside, bounded while it is read.
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "attn/core/array.h"
#include "attn/io/file.h"

namespace attn {

/// What a document may cost. A value takes about a hundred bytes of memory at most.
struct JsonLimits {
  std::size_t bytes = std::size_t{1} << 26;
  std::size_t values = std::size_t{1} << 24;  ///< numbers, strings, arrays, objects, ... together
  std::size_t depth = 64;                     ///< arrays and objects inside one another
};

/// The document in `text` (RFC 8259, UTF-8). Depth and number of values are checked while reading,
/// so that a hostile document costs no stack and no memory beyond its limits. `name` (the path)
/// begins every message.
/// Throws Error(bad_input) with line and column or JSON pointer for: no JSON, text behind the
/// document, a key twice in one object, a number out of range, too deep; Error(limit) if too large.
nlohmann::json parse_json(std::string_view text, const std::string& name,
                          const JsonLimits& limits = {});

/// parse_json of a file; "-" is standard input. Throws what read_file throws, too.
nlohmann::json read_json(const std::string& path, const JsonLimits& limits = {});

/// The array in a rectangular nested list of numbers: [[1, 2], [3, 4]] has shape (2, 2), a number
/// alone shape (). Throws Error(bad_input) with the JSON pointer of the first place where a list is
/// shorter or longer than its neighbours, something is no number, or the rank is above 8.
Array json_array(const nlohmann::json& value, const std::string& name);

}  // namespace attn
