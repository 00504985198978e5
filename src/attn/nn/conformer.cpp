#include "attn/nn/conformer.h"

#include <fmt/format.h>

#include "attn/nn/block.h"

namespace attn {

// One list of the block's parameters, for making and naming them (as in block.h).
template <class F>
static void each_parameter(ConvolutionModule& p, const std::string& at, const ConformerSizes& z,
                           F& f) {
  f(at + "w_1", p.w_1, Shape{z.width, 2 * z.width});
  f(at + "b_1", p.b_1, Shape{2 * z.width});
  f(at + "w_depthwise", p.w_depthwise, Shape{z.kernel, z.width});
  f(at + "b_depthwise", p.b_depthwise, Shape{z.width});
  each_parameter(p.norm, at + "norm.", EncoderSizes{z.width, z.heads, z.ff}, f);
  f(at + "w_2", p.w_2, Shape{z.width, z.width});
  f(at + "b_2", p.b_2, Shape{z.width});
}

template <class F>
static void each_parameter(ConformerLayer& p, const std::string& at, const ConformerSizes& z,
                           F& f) {
  const EncoderSizes sizes{z.width, z.heads, z.ff};
  each_parameter(p.norm1, at + "norm1.", sizes, f);
  each_parameter(p.ffn1, at + "ffn1.", sizes, f);
  each_parameter(p.norm2, at + "norm2.", sizes, f);
  each_parameter(p.attention, at + "attention.", sizes, f);
  each_parameter(p.norm3, at + "norm3.", sizes, f);
  each_parameter(p.conv, at + "conv.", z, f);
  each_parameter(p.norm4, at + "norm4.", sizes, f);
  each_parameter(p.ffn2, at + "ffn2.", sizes, f);
  each_parameter(p.norm, at + "norm.", sizes, f);
}

ConformerLayer conformer_layer(Parameters& parameters, std::size_t layer,
                               const ConformerSizes& sizes) {
  ConformerLayer out;
  auto make = [&](const std::string& path, Tensor& p, const Shape& shape) {
    p = shape.size() == 2
            ? parameters.get(path, shape, 1 / std::sqrt(static_cast<double>(shape[0])))
            : parameters.get_or(path, full(shape, path.ends_with("gain") ? real{1} : real{0}));
  };
  each_parameter(out, fmt::format("layer.{}.", layer), sizes, make);
  return out;
}

void list_parameters(NamedTensors& to, const std::string& path, const ConformerLayer& layer) {
  ConformerLayer copy = layer;
  auto list = [&](const std::string& name, const Tensor& p, const Shape&) {
    to.emplace_back(name, p);
  };
  each_parameter(copy, path, ConformerSizes{}, list);
}

namespace {

/// Pointwise, gated linear unit (Dauphin et al. 2017), depthwise, norm, swish, pointwise.
Tensor convolution_module(const Run& run, const Tensor& x, const ConvolutionModule& p) {
  const std::size_t d = x.shape().back();
  note(run, "w_1", "W_1: content and gate side by side", {"d", "2d"}, p.w_1);
  note(run, "b_1", "b_1", {"2d"}, p.b_1);
  const Tensor both = linear(run, x, p.w_1, p.b_1);  // (...,n,2d)
  const Tensor gate = multiply(run, slice_columns(run, both, 0, d),
                               sigmoid(run, slice_columns(run, both, d, 2 * d)));  // (...,n,d)
  note(run, "gate", "[u, g] = x W_1 + b_1; u sigmoid(g)", {"token", "d"}, gate);
  note(run, "w_depthwise", "W: one column of taps per channel", {"tap", "d"}, p.w_depthwise);
  note(run, "b_depthwise", "b", {"d"}, p.b_depthwise);
  const Tensor depthwise =
      depthwise_convolution(run, gate, p.w_depthwise, p.b_depthwise);  // (...,n,d)
  note(run, "depthwise", "sum over taps of gate w_tap + b, in each channel", {"token", "d"},
       depthwise);
  note(run, "norm.gain", "gain", {"d"}, p.norm.gain);
  note(run, "norm.bias", "bias", {"d"}, p.norm.bias);
  const Tensor normed = layer_norm(run, depthwise, p.norm.gain, p.norm.bias);
  note(run, "norm", "gain (x - mean) / deviation + bias", {"token", "d"}, normed);
  note(run, "w_2", "W_2", {"d", "d"}, p.w_2);
  note(run, "b_2", "b_2", {"d"}, p.b_2);
  const Tensor output = linear(run, swish(run, normed), p.w_2, p.b_2);  // (...,n,d)
  note(run, "output", "swish(norm) W_2 + b_2", {"token", "d"}, output);
  return output;
}

/// x + share f(norm(x)), under the names `part`, `norm_name` and `sum`.
template <class F>
Tensor residual(const Run& run, const Tensor& x, const char* part, const char* norm_name,
                const NormParameters& p, const char* sum, const char* formula, double share, F f) {
  const Tensor normed = [&] {
    const Scope scope(run, norm_name);
    return norm(run, x, p);
  }();
  const Tensor branch = [&] {
    const Scope scope(run, part);
    return f(normed);
  }();
  const Tensor y = add(run, x, share == 1 ? branch : scale(run, branch, share));
  note(run, sum, formula, {"token", "d"}, y);
  return y;
}

}  // namespace

Tensor conformer_block(const Run& run, const Tensor& x, const ConformerLayer& p, std::size_t layer,
                       std::size_t heads, const Tensor& mask) {
  const Scope block(run, run.trace ? fmt::format("layer.{}", layer) : std::string());
  const Tensor a =
      residual(run, x, "ffn1", "norm1", p.norm1, "residual1", "x + ffn1(norm1(x)) / 2", 0.5,
               [&](const Tensor& in) { return feed_forward(run, in, p.ffn1, Activation::swish); });
  const Tensor b = residual(
      run, a, "attention", "norm2", p.norm2, "residual2", "a + attention(norm2(a))", 1,
      [&](const Tensor& in) { return multi_head_attention(run, in, p.attention, heads, mask); });
  const Tensor c = residual(run, b, "conv", "norm3", p.norm3, "residual3", "b + conv(norm3(b))", 1,
                            [&](const Tensor& in) { return convolution_module(run, in, p.conv); });
  const Tensor e =
      residual(run, c, "ffn2", "norm4", p.norm4, "residual4", "c + ffn2(norm4(c)) / 2", 0.5,
               [&](const Tensor& in) { return feed_forward(run, in, p.ffn2, Activation::swish); });
  const Tensor y = [&] {
    const Scope scope(run, "norm");
    return norm(run, e, p.norm);
  }();
  note(run, "output", "what the block gives to the next", {"token", "d"}, y);
  return y;  // (...,n,d)
}

}  // namespace attn
