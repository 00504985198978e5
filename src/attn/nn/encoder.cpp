#include "attn/nn/encoder.h"

#include <fmt/format.h>

#include "attn/nn/block.h"

namespace attn {

template <class F>
static void each_parameter(EncoderLayer& p, const std::string& at, const EncoderSizes& z, F& f) {
  each_parameter(p.attention, at + "attention.", z, f);
  each_parameter(p.norm1, at + "norm1.", z, f);
  each_parameter(p.ffn, at + "ffn.", z, f);
  each_parameter(p.norm2, at + "norm2.", z, f);
}

EncoderLayer encoder_layer(Parameters& parameters, std::size_t layer, const EncoderSizes& sizes,
                           const std::string& prefix) {
  return make_layer<EncoderLayer>(parameters, fmt::format("{}layer.{}.", prefix, layer), sizes);
}

NormParameters norm_parameters(Parameters& parameters, const std::string& path, std::size_t d) {
  return make_layer<NormParameters>(parameters, path, {d, 1, 1});
}

void list_parameters(NamedTensors& to, const std::string& path, const EncoderLayer& layer) {
  list_layer(to, path, layer);
}

NamedShapes encoder_layer_shapes(const EncoderSizes& sizes) {
  return shapes_of_layer<EncoderLayer>(sizes);
}

static Tensor bend(const Run& run, Tensor x, Activation activation) {
  if (activation == Activation::relu) return relu(run, std::move(x));
  return activation == Activation::gelu ? gelu(run, std::move(x)) : swish(run, std::move(x));
}

Tensor feed_forward(const Run& run, const Tensor& x, const FeedForwardParameters& p,
                    Activation activation) {
  note(run, "w_1", "W_1", {"d", "ff"}, p.w_1);
  note(run, "b_1", "b_1", {"ff"}, p.b_1);
  const Tensor hidden = bend(run, linear(run, x, p.w_1, p.b_1), activation);  // (...,n,ff)
  note(run, "hidden",
       activation == Activation::relu   ? "max(x W_1 + b_1, 0)"
       : activation == Activation::gelu ? "gelu(x W_1 + b_1)"
                                        : "swish(x W_1 + b_1)",
       {"token", "ff"}, hidden);
  note(run, "w_2", "W_2", {"ff", "d"}, p.w_2);
  note(run, "b_2", "b_2", {"d"}, p.b_2);
  const Tensor output = linear(run, hidden, p.w_2, p.b_2);  // (...,n,d)
  note(run, "output", "hidden W_2 + b_2", {"token", "d"}, output);
  return output;
}

Tensor norm(const Run& run, const Tensor& x, const NormParameters& p, double eps) {
  note(run, "gain", "gain", {"d"}, p.gain);
  note(run, "bias", "bias", {"d"}, p.bias);
  const Tensor output = layer_norm(run, x, p.gain, p.bias, eps);
  note(run, "output", "gain (x - mean) / deviation + bias", {"token", "d"}, output);
  return output;
}

Tensor encode(const Run& run, const Tensor& x, const EncoderLayer& p, std::size_t layer,
              const BlockOptions& o, const Tensor& mask) {
  const Scope block(run, run.trace ? fmt::format("layer.{}", layer) : std::string());
  const Tensor a =
      block_part(run, x, o, "attention", "norm1", p.norm1, "residual1", "x", [&](const Tensor& in) {
        return multi_head_attention(run, in, in, p.attention, o.heads, mask, o.scaled);
      });
  const Tensor y =
      block_part(run, a, o, "ffn", "norm2", p.norm2, "residual2", "a",
                 [&](const Tensor& in) { return feed_forward(run, in, p.ffn, o.activation); });
  note(run, "output", "what the block gives to the next", {"token", "d"}, y);
  return y;  // (...,n,d)
}

}  // namespace attn
