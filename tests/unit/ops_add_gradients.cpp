// The first pass that writes a gradient assigns, later ones add: whatever the memory held before.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "attn/core/rng.h"
#include "attn/graph/tape.h"
#include "attn/ops/ops.h"

using namespace attn;

namespace {

struct Row {
  const char* name;
  std::vector<Tensor> inputs;  // those that get a gradient
  std::function<Tensor(const Run&)> op;
};

std::vector<Row> rows() {
  const Rng rng(5);
  const auto draw = [&](const char* name, const Shape& shape) {
    return Tensor::parameter(rng.stream(name).normal(shape, 1));
  };
  const auto ids = [](std::vector<real> values) {
    Array a = empty({values.size()});
    std::copy(values.begin(), values.end(), a.data());
    return Tensor::ids(std::move(a));
  };
  const Tensor x = draw("x", {5, 11}), y = draw("y", {5, 3}), z = draw("z", {2, 11}),
               gain = draw("gain", {11}), bias = draw("bias", {11}), w = draw("w", {3, 11, 2}),
               b = draw("b", {2});
  const Tensor all = ids({0, 10, 3, 3, 1}), some = ids({0, -1, 3, -1, 1});
  Array wanted = full({5, 11}, 0.5);
  wanted.data()[7] = std::nan("");
  const Tensor numbers = Tensor::input(std::move(wanted));
  return {
      {"convolution", {x, w, b}, [=](const Run& r) { return convolution(r, x, w, b); }},
      {"layer_norm", {x, gain, bias}, [=](const Run& r) { return layer_norm(r, x, gain, bias); }},
      {"cross_entropy, all counted",
       {x},
       [=](const Run& r) { return cross_entropy(r, x, all, 0.1); }},
      {"cross_entropy, some", {x}, [=](const Run& r) { return cross_entropy(r, x, some); }},
      {"squared_error", {x}, [=](const Run& r) { return squared_error(r, x, numbers); }},
      {"concat_columns", {x, y}, [=](const Run& r) { return concat_columns(r, x, y); }},
      {"concat_rows", {x, z}, [=](const Run& r) { return concat_rows(r, x, z); }},
      {"concat of one", {x}, [=](const Run& r) { return concat_rows(r, x, x); }},
      {"embed",
       {x},
       [=](const Run& r) {
         return embed(r, x, ids({4, 0, 4}));
       }},
  };
}

void pass(const Row& row) {
  Tape tape;
  const Run run{.tape = &tape};
  const Tensor y = row.op(run);
  Array direction = empty(y.shape());
  for (std::size_t i = 0; i < direction.size(); ++i)
    direction.data()[i] = static_cast<real>(std::sin(double(i) + 1));
  tape.backward(y, direction);
}

}  // namespace

TEST_CASE("ops: a second pass adds the same gradient again, and a cleared one starts afresh") {
  for (const Row& row : rows()) {
    CAPTURE(std::string(row.name));
    for (const Tensor& t : row.inputs) t.clear_grad();
    pass(row);
    std::vector<Array> once;
    for (const Tensor& t : row.inputs) {
      once.push_back(t.grad());
      CHECK(largest_magnitude(once.back()) > 0);
    }
    pass(row);
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      for (std::size_t j = 0; j < once[i].size(); ++j) {
        const double twice = 2 * double{once[i].data()[j]};
        CHECK(row.inputs[i].grad().data()[j] ==
              doctest::Approx(twice).epsilon(1e-5).scale(double{largest_magnitude(once[i])}));
      }
      // What is left in memory must not count after clear_grad().
      std::fill(row.inputs[i].grad().begin(), row.inputs[i].grad().end(),
                std::numeric_limits<real>::quiet_NaN());
      row.inputs[i].clear_grad();
    }
    pass(row);
    for (std::size_t i = 0; i < row.inputs.size(); ++i)
      CHECK(largest_difference(row.inputs[i].grad(), once[i]) == 0);
  }
}
