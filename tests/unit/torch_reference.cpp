// Layers, their gradients, and optimizers against PyTorch's (tests/reference/torch, made by
// tests/reference/make_torch_reference.py).
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "attn/graph/tape.h"
#include "attn/io/json.h"
#include "attn/nn/encoder.h"
#include "attn/ops/ops.h"
#include "attn/train/optimizer.h"

using namespace attn;

namespace {

nlohmann::json cases(const char* name) {
  return read_json(std::string(ATTN_REFERENCE_DIR) + "/torch/" + name + ".json");
}

using Named = std::map<std::string, Tensor>;

/// Within 1e-5 of the largest expected magnitude (of 0.1, if all are smaller).
void check_near(const Array& got, const nlohmann::json& expected, const std::string& what) {
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

}  // namespace

TEST_CASE("torch: rnn, lstm and gru, one direction and both") {
  for (const auto& c : cases("recurrent")) {
    const std::string kind = c["name"].get<std::string>();
    const Cell cell = kind == "lstm" ? Cell::lstm : kind == "gru" ? Cell::gru : Cell::rnn;
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      const auto layer = [&](const std::string& at, bool reversed) {
        return recurrent(run, cell, x, {p[at + "w_x"], p[at + "w_h"], p[at + "b_x"], p[at + "b_h"]},
                         reversed)
            .hidden;
      };
      if (!c["bidirectional"].get<bool>()) return layer("", false);
      return concat_columns(run, layer("forward.", false), layer("backward.", true));
    });
  }
}

TEST_CASE("torch: rnn, lstm and gru from given states, and their last states") {
  for (const auto& c : cases("recurrent_states")) {
    const std::string kind = c["name"].get<std::string>();
    const Cell cell = kind == "lstm" ? Cell::lstm : kind == "gru" ? Cell::gru : Cell::rnn;
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      const RecurrentState initial{p["h_0"], cell == Cell::lstm ? p["c_0"] : Tensor()};
      const RecurrentResult y =
          recurrent(run, cell, x, {p["w_x"], p["w_h"], p["b_x"], p["b_h"]}, false, initial);
      const auto below = [&](const Tensor& all, const Tensor& last) {
        return concat_rows(run, all, reshape(run, last, {2, 1, 4}));
      };
      const Tensor all = below(y.hidden, y.last.h);
      return y.last.c ? below(all, y.last.c) : all;
    });
  }
}

TEST_CASE("torch: convolution, with dilation, causal or not") {
  for (const auto& c : cases("convolution")) {
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      return convolution(run, x, p["w"], p["b"], c["dilation"].get<std::size_t>(),
                         c["causal"].get<bool>());
    });
  }
}

TEST_CASE("torch: a post-norm encoder layer") {
  for (const auto& c : cases("encoder")) {
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      EncoderLayer layer;
      layer.attention = {p["attention.w_q"], p["attention.w_k"], p["attention.w_v"],
                         p["attention.w_o"], p["attention.b_q"], p["attention.b_k"],
                         p["attention.b_v"], p["attention.b_o"]};
      layer.norm1 = {p["norm1.gain"], p["norm1.bias"]};
      layer.norm2 = {p["norm2.gain"], p["norm2.bias"]};
      layer.ffn = {p["ffn.w_1"], p["ffn.b_1"], p["ffn.w_2"], p["ffn.b_2"]};
      Tensor mask;
      if (c["causal"].get<bool>()) {
        const std::size_t n = x.shape()[1];
        Array m = zeros({n, n});
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = i + 1; j < n; ++j) m(i, j) = -std::numeric_limits<real>::infinity();
        }
        mask = Tensor(std::move(m));
      }
      return encode(run, x, layer, 0, c["heads"].get<std::size_t>(), mask);
    });
  }
}

TEST_CASE("torch: cross entropy with ignored rows and label smoothing") {
  for (const auto& c : cases("loss")) {
    check_case(c, [&](const Run& run, const Tensor& x, Named&) {
      return cross_entropy(run, x, Tensor::ids(json_array(c["targets"], "targets")),
                           c["smoothing"].get<double>());
    });
  }
}

TEST_CASE("torch: the paths of adam, adamw and sgd with momentum, clipped or not") {
  for (const auto& c : cases("optimizer")) {
    const std::string kind = c["name"].get<std::string>();
    OptimizerOptions options{.kind = kind};
    options.rate = c["rate"].get<double>();
    options.beta2 = c["beta2"].get<double>();
    options.weight_decay = c["weight_decay"].get<double>();
    options.momentum = c["momentum"].get<double>();
    options.clip = c["clip"].get<double>();
    const Tensor p = Tensor::parameter(json_array(c["start"], "start"));
    const Array curvature = json_array(c["curvature"], "curvature"),
                target = json_array(c["target"], "target");
    Optimizer optimizer(options, {{"p", p}});
    for (int step = 1; step <= 40; ++step) {
      for (std::size_t i = 0; i < target.size(); ++i)
        p.grad()(i) = curvature(i) * (p.value()(i) - target(i));
      optimizer.step(1);
      const std::string at = std::to_string(step);
      if (c["path"].contains(at)) check_near(p.value(), c["path"][at], kind + " after step " + at);
    }
  }
}
