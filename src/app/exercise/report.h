#pragma once
#include <string>

#include "app/exercise/check.h"
#include "attn/graph/trace.h"

namespace attn::app {

/// The result for people: a table of the cases, the first failing one in words, the misconception
/// if the wrong value is that of one, and what the code printed.
void show_result(Trace& trace, const CheckResult& result);

/// The result for programs (docs/contract.md).
std::string result_document(const CheckResult& result);

}  // namespace attn::app
