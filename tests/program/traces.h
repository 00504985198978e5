#pragma once
// Traces computed in the test's own process.
#include <string>

#include "attn/graph/trace.h"
#include "program/process.h"

namespace attn::test {

/// The trace, all of whose checks must hold; there is at least one, or the remark that a number
/// does not come from others.
Trace holding(const Words& arguments);

/// The step with this path; the test ends if there is none.
const Step& step(const Trace& trace, const std::string& path);

void has_shape(const Trace& trace, const std::string& path, const Shape& shape);

}  // namespace attn::test
