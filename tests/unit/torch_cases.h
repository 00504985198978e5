#pragma once
// Reading tests/reference/torch and comparing with it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "attn/graph/tape.h"
#include "attn/io/json.h"

namespace attn::testing {

inline nlohmann::json cases(const char* name) {
  return read_json(std::string(ATTN_REFERENCE_DIR) + "/torch/" + name + ".json");
}

using Named = std::map<std::string, Tensor>;

/// Within 1e-5 of the largest expected magnitude (of 0.1, if all are smaller).
inline void check_near(const Array& got, const nlohmann::json& expected, const std::string& what) {
  const Array want = json_array(expected, what);
  real largest = 0;
  for (const real number : want) largest = std::max(largest, std::abs(number));
  INFO(what);
  REQUIRE(shape_of(got) == shape_of(want));
  CHECK(largest_difference(got, want) <= real{1e-5} * std::max(largest, real{0.1}));
}

/// Runs f over the case's x and parameters and compares the result and all gradients.
template <class F>
void check_case(const nlohmann::json& c, F f) {
  const std::string name = c["name"].get<std::string>();
  const Tensor x = Tensor::parameter(json_array(c["x"], "x"));
  Named p;
  for (const auto& [path, value] : c["parameters"].items())
    p[path] = Tensor::parameter(json_array(value, path));
  Tape tape;
  const Tensor y = f(Run{.tape = &tape}, x, p);
  check_near(y.value(), c["output"], name + " output");
  tape.backward(y, json_array(c["seed"], "seed"));
  check_near(x.grad(), c["x_grad"], name + " gradient of x");
  for (const auto& [path, tensor] : p)
    check_near(tensor.grad(), c["gradients"][path], name + " gradient of " + path);
}

}  // namespace attn::testing
