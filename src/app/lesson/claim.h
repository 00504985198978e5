#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/lesson/expression.h"
#include "attn/graph/trace.h"

namespace attn::app {

/// What an expression is: numbers (or texts, in tables) of a shape, with the labels of its axes.
struct Value {
  Shape shape;
  std::vector<double> numbers;
  std::vector<std::optional<std::string>> texts;  ///< one per place, or none at all
  std::vector<std::vector<std::string>> labels;   ///< per axis; empty where it has none

  bool has_text() const { return !texts.empty(); }
  std::size_t size() const { return numbers.size(); }
};

/// The traces that expressions speak of.
struct Traces {
  const Trace* last = nullptr;  ///< the last run; may be null
  /// The run of this name, or null.
  std::function<const Trace*(const std::string& name)> named;
};

/// The value. Throws Error(bad_input) for what the traces do not have, and for values that do not
/// fit together.
Value evaluate(const Expression& expression, const Traces& traces);

/// As people read it: a number, a text, a short list, or the shape of more.
std::string value_text(const Value& value);
/// One number with these decimals; 3, and none for a whole number, if they are not given.
std::string number_in_prose(const Value& value, int decimals = -1);

/// Whether a claim holds, and what was found where it does not.
struct Finding {
  bool holds = true;
  std::string found;
};
Finding test(const Claim& claim, const Traces& traces);

/// True if two numbers agree within an absolute tolerance (infinities with themselves).
bool agree(double a, double b, double tolerance);

}  // namespace attn::app
