#pragma once
// Parts of evaluate(): where values come from, and what is measured on them.
#include "app/lesson/claim.h"

namespace attn::app {

/// The step or table with this name. Throws Error(bad_input), with the nearest name.
Value value_of(const Trace& trace, const std::string& name);
/// Places of it. Throws Error(bad_input) for a place or label that it does not have.
Value selected(const Value& value, const std::vector<Selector>& selectors);
/// "row-sums" and all others of measures() that look at the numbers alone.
Value measured(const std::string& measure, const Value& value);

Value single(double number);
Value numbers(std::vector<double> list);
/// Throws Error(bad_input) unless all of it are numbers.
void require_numbers(const Value& value, const std::string& what);

}  // namespace attn::app
