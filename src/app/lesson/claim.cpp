#include "app/lesson/claim.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "app/lesson/value.h"
#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/render/format.h"

namespace attn::app {

namespace {

[[noreturn]] void fail(const std::string& message, const std::string& hint = "") {
  throw Error(ErrorKind::bad_input, message, hint);
}

const Trace& trace_of(const std::string& run, const Traces& traces) {
  if (run.empty()) {
    if (!traces.last) fail("no run stands before this");
    return *traces.last;
  }
  const Trace* trace = traces.named ? traces.named(run) : nullptr;
  if (!trace) fail(fmt::format("no earlier run is named \"{}\"", escaped(run)));
  return *trace;
}

double about_run(const std::string& name, const Trace& trace) {
  if (name == "milliseconds") return trace.milliseconds;
  double flops = 0, parameters = 0;
  std::set<std::string> seen;
  for (const Step* step : trace.steps()) {
    flops += step->flops;
    if (step->kind() == Tensor::Kind::parameter && seen.insert(step->path).second)
      parameters += static_cast<double>(step->values().size());
  }
  return name == "flops" ? flops : parameters;
}

Value about_step(const std::string& measure, const Expression& step, const Traces& traces) {
  if (step.kind != Expression::Kind::name)
    fail(fmt::format("{} belongs to a step", measure), "write it after the step's name");
  const Step* found = trace_of(step.run, traces).find(step.name);
  if (!found) fail(fmt::format("no step \"{}\"", escaped(step.name)));
  return single(measure == "flops" ? found->flops : found->milliseconds);
}

Value list_of(const std::vector<Value>& parts) {
  Value out;
  out.shape = {parts.size()};
  out.labels.resize(1);
  bool any_text = false;
  for (const Value& part : parts) {
    if (part.size() != 1) fail("a list holds single numbers or texts");
    out.numbers.push_back(part.numbers[0]);
    out.texts.push_back(part.has_text() ? part.texts[0] : std::nullopt);
    any_text = any_text || part.has_text();
  }
  if (!any_text) out.texts.clear();
  return out;
}

constexpr double kMostProducts = 1e7;  // of one product: a blink, not a wait

Value product(const Value& a, const Value& b) {
  const std::size_t ra = a.shape.size(), rb = b.shape.size();
  if (ra == 0 || rb == 0 || ra > 2 || rb > 2 || a.shape[ra - 1] != b.shape[0])
    fail(fmt::format("shapes {} and {} have no product", to_string(a.shape), to_string(b.shape)),
         "the columns of the left matrix must be as many as the rows of the right one");
  const std::size_t n = b.shape[0], rows = ra == 2 ? a.shape[0] : 1;
  const std::size_t columns = rb == 2 ? b.shape[1] : 1;
  if (double(rows) * double(n) * double(columns) > kMostProducts)
    throw Error(ErrorKind::limit,
                fmt::format("a product of shapes {} and {} is too large for a claim",
                            to_string(a.shape), to_string(b.shape)),
                "claims are about toy sizes: take fewer rows");
  Value out;
  if (ra == 2) out.shape.push_back(rows), out.labels.push_back(a.labels[0]);
  if (rb == 2) out.shape.push_back(columns), out.labels.push_back(b.labels[1]);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += a.numbers[i * n + k] * b.numbers[k * columns + j];
      out.numbers.push_back(sum);
    }
  }
  return out;
}

double calculated(char sign, double a, double b) {
  return sign == '+' ? a + b : sign == '-' ? a - b : sign == '*' ? a * b : a / b;
}

Value operation(const std::string& sign, const Value& a, const Value& b) {
  require_numbers(a, sign);
  require_numbers(b, sign);
  if (sign == ".") return product(a, b);
  const bool one_left = a.shape.empty(), one_right = b.shape.empty();
  if (!one_left && !one_right && a.shape != b.shape)
    fail(fmt::format("shapes {} and {} do not fit for {}", to_string(a.shape), to_string(b.shape),
                     sign));
  Value out = one_left ? b : a;
  for (std::size_t i = 0; i < out.size(); ++i)
    out.numbers[i] = calculated(sign[0], a.numbers[one_left ? 0 : i], b.numbers[one_right ? 0 : i]);
  return out;
}

Value function(const std::string& name, Value value) {
  require_numbers(value, name);
  for (double& x : value.numbers) {
    x = name == "sqrt"  ? std::sqrt(x)
        : name == "exp" ? std::exp(x)
        : name == "log" ? std::log(x)
                        : -x;
  }
  return value;
}

}  // namespace

Value evaluate(const Expression& e, const Traces& traces) {
  using Kind = Expression::Kind;
  switch (e.kind) {
    case Kind::number:
      return single(e.number);
    case Kind::text:
      return {{}, {NAN}, {e.name}, {}};
    case Kind::list: {
      std::vector<Value> parts;
      for (const Expression& part : e.parts) parts.push_back(evaluate(part, traces));
      return list_of(parts);
    }
    case Kind::name:
      return value_of(trace_of(e.run, traces), e.name);
    case Kind::about:
      return single(about_run(e.name, trace_of(e.run, traces)));
    case Kind::selected:
      return selected(evaluate(e.parts[0], traces), e.selectors);
    case Kind::measure:
      if (e.name == "flops" || e.name == "milliseconds")
        return about_step(e.name, e.parts[0], traces);
      return measured(e.name, evaluate(e.parts[0], traces));
    case Kind::function:
    case Kind::minus:
      return function(e.name, evaluate(e.parts[0], traces));
    case Kind::operation:
      return operation(e.name, evaluate(e.parts[0], traces), evaluate(e.parts[1], traces));
  }
  return {};
}

bool agree(double a, double b, double tolerance) { return a == b || std::abs(a - b) <= tolerance; }

namespace {

std::string one_text(const Value& value, std::size_t i) {
  if (value.has_text() && value.texts[i]) return '"' + escaped(*value.texts[i]) + '"';
  return number_text(value.numbers[i], 6);
}

/// "[3, 1]" for the i-th place.
std::string place_text(const Shape& shape, std::size_t i) {
  return fmt::format("[{}]", fmt::join(coordinates(i, shape), ", "));
}

bool compare(const std::string& relation, double a, double b, std::optional<double> within) {
  if (relation == "<") return a < b;
  if (relation == "<=") return a <= b;
  if (relation == ">") return a > b;
  if (relation == ">=") return a >= b;
  const double tolerance = within ? *within : 1e-6 * std::max(std::abs(a), std::abs(b));
  return agree(a, b, tolerance) == (relation == "==");
}

bool compare_places(const Comparison& c, const Value& a, std::size_t i, const Value& b,
                    std::size_t j, std::optional<double> within) {
  const bool left = a.has_text() && a.texts[i], right = b.has_text() && b.texts[j];
  if (!left && !right) return compare(c.relation, a.numbers[i], b.numbers[j], within);
  if (c.relation != "==" && c.relation != "!=")
    fail(fmt::format("texts cannot be compared with {}", c.relation));
  return (left && right && a.texts[i] == b.texts[j]) == (c.relation == "==");
}

/// Every place must hold; one number stands for as many as the other side has.
Finding every_place(const Comparison& c, const Value& a, const Value& b,
                    std::optional<double> within) {
  const bool one_left = a.shape.empty(), one_right = b.shape.empty();
  const Value& longer = one_left ? b : a;
  if (longer.size() == 0) return {false, "there are no numbers to compare"};
  for (std::size_t i = 0; i < longer.size(); ++i) {
    const std::size_t left = one_left ? 0 : i, right = one_right ? 0 : i;
    if (compare_places(c, a, left, b, right, within)) continue;
    std::string found = fmt::format("left {}, right {}", one_text(a, left), one_text(b, right));
    if (longer.size() > 1) found += " at " + place_text(longer.shape, i);
    return {false, std::move(found)};
  }
  return {};
}

/// Two lists are different where they differ in one place.
Finding different(const Comparison& c, const Value& a, const Value& b,
                  std::optional<double> within) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (compare_places(c, a, i, b, i, within)) return {};
  }
  return {false, "both are the same: " + value_text(a)};
}

Finding test(const Comparison& c, const Traces& traces) {
  const Value a = evaluate(c.left, traces), b = evaluate(c.right, traces);
  std::optional<double> within;
  if (c.within) {
    const Value tolerance = evaluate(*c.within, traces);
    if (tolerance.size() != 1 || tolerance.has_text()) fail("a tolerance is one number");
    within = tolerance.numbers[0];
  }
  const bool one_left = a.shape.empty(), one_right = b.shape.empty();
  Finding out;
  if (!one_left && !one_right && a.shape != b.shape) {
    out = {c.relation == "!=", fmt::format("left {}, right {}", value_text(a), value_text(b))};
  } else if (!one_left && !one_right && c.relation == "!=") {
    out = different(c, a, b, within);
  } else {
    out = every_place(c, a, b, within);
  }
  if (!c.negated) return out;
  if (out.holds) return {false, fmt::format("left {}, right {}", value_text(a), value_text(b))};
  return {true, ""};
}

}  // namespace

Finding test(const Claim& claim, const Traces& traces) {
  for (const Comparison& part : claim.parts) {
    if (Finding finding = test(part, traces); !finding.holds) return finding;
  }
  return {};
}

std::string value_text(const Value& value) {
  constexpr std::size_t kMostShown = 8;
  if (value.shape.empty()) return one_text(value, 0);
  if (value.shape.size() > 1 || value.size() > kMostShown)
    return fmt::format("{} numbers of shape {}", value.size(), to_string(value.shape));
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < value.size(); ++i) parts.push_back(one_text(value, i));
  return fmt::format("[{}]", joined(parts, ", "));
}

std::string number_in_prose(const Value& value, int decimals) {
  if (value.size() == 0) return "nothing";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double x = value.numbers[i];
    if (value.has_text() && value.texts[i]) {
      parts.push_back(*value.texts[i]);
    } else if (!std::isfinite(x) || (decimals < 0 && x == std::trunc(x))) {
      parts.push_back(number_text(x, 15));
    } else {
      std::string text = fmt::format("{:.{}f}", x, decimals < 0 ? 3 : decimals);
      if (text.starts_with('-') && text.find_first_of("123456789") == std::string::npos)
        text.erase(0, 1);  // -0.000
      parts.push_back(std::move(text));
    }
  }
  return joined(parts, ", ");
}

}  // namespace attn::app
