#pragma once
#include <string>
#include <vector>

#include "attn/graph/trace.h"

namespace attn {

/// The trace as the one JSON document of docs/contract.md, values inline and nested by shape. A
/// matrix without numbers is []. Floats have the fewest digits that read back to the same bits.
/// JSON has no infinite numbers: they are the strings "inf" and "-inf", and NaN is "nan". Bytes
/// that are not UTF-8 become U+FFFD. Beyond the steps: "checks" [{claim, difference, tolerance,
/// holds}] and "tables" [{name, columns, rows}]; after more than one run every step has a "spread"
/// in milliseconds.
std::string json(const Trace& trace);

/// The same document; if `files` is not empty, step i has "file": files[i] in place of its values.
std::string trace_document(const Trace& trace, const std::vector<std::string>& files);

}  // namespace attn
