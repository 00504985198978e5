// Layers, their gradients, and optimizers against PyTorch's (tests/reference/torch, made by
// tests/reference/make_torch_reference.py).
#include <doctest/doctest.h>

#include <string>

#include "attn/ops/ops.h"
#include "attn/train/optimizer.h"
#include "torch_cases.h"

using namespace attn;
using namespace attn::testing;

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
