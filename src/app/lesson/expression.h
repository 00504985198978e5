#pragma once
// The language of a lesson's claims (docs/lessons.md) as trees. claim.h gives them their values.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attn::app {

/// One place in brackets: a number, a label, a range, or all.
struct Selector {
  enum class Kind { number, label, range, all };
  Kind kind = Kind::all;
  long long first = 0, last = 0;  ///< number: first; range: first up to, not including, last
  bool open = false;              ///< the range goes on to the end
  std::string label;
};

/// A value: what it is made from stands in `parts`.
struct Expression {
  enum class Kind {
    number,
    text,
    list,      ///< [2, 4, 4]
    name,      ///< a step or table; `run` holds "plain" of plain::weights
    about,     ///< milliseconds, flops, parameters of a whole run
    selected,  ///< parts[0] at `selectors`
    measure,   ///< `name` of parts[0]: row-sums
    function,  ///< sqrt, exp, log of parts[0]
    minus,
    operation,  ///< parts[0] `name` parts[1]: + - * / .
  };
  Kind kind = Kind::number;
  double number = 0;
  std::string name, run;
  std::vector<Selector> selectors;
  std::vector<Expression> parts;
};

/// left `relation` right, turned round if `negated`.
struct Comparison {
  bool negated = false;
  Expression left, right;
  std::string relation;
  std::optional<Expression> within;
};

/// Comparisons joined by "and".
struct Claim {
  std::vector<Comparison> parts;
};

/// Reads one. Throws Error(bad_input) with the column for what is no expression, Error(limit) for
/// one that is too deep or too long.
Expression parse_expression(std::string_view text);
Claim parse_claim(std::string_view text);

/// The words that follow a value: shape, row-sums, ...
const std::vector<std::string>& measures();

}  // namespace attn::app
