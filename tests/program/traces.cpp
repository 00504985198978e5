#include "program/traces.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/frame/execute.h"

namespace attn::test {

Trace holding(const Words& arguments) {
  Trace trace = app::compute(arguments);
  std::size_t checks = 0;
  for (const Item& item : trace.items) {
    const auto* remark = std::get_if<Remark>(&item);  // `why` of a number that has no arithmetic
    checks += remark && remark->text.find("does not come from other numbers") != std::string::npos;
    const auto* check = std::get_if<Check>(&item);
    if (!check) continue;
    ++checks;
    INFO(fmt::format("attn {}", fmt::join(arguments, " ")));
    INFO(check->claim, ": difference ", check->difference, ", allowed ", check->tolerance);
    CHECK(check->holds());
  }
  CHECK(checks > 0);
  return trace;
}

const Step& step(const Trace& trace, const std::string& path) {
  const Step* found = trace.find(path);
  INFO("step ", path);
  REQUIRE(found != nullptr);
  return *found;
}

void has_shape(const Trace& trace, const std::string& path, const Shape& shape) {
  INFO("step ", path);
  CHECK(step(trace, path).shape() == shape);
}

}  // namespace attn::test
