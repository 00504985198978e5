#include "attn/nn/encoder.h"

#include <fmt/format.h>

#include <cmath>

#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

EncoderLayer encoder_layer(Parameters& parameters, std::size_t layer, const EncoderSizes& z) {
  const std::string at = fmt::format("layer.{}.", layer);
  const auto weight = [&](const char* name, std::size_t in, std::size_t out) {
    return parameters.get(at + name, {in, out}, 1 / std::sqrt(double(in)));
  };
  const auto constant = [&](const char* name, std::size_t size, real value) {
    return parameters.get_or(at + name, full({size}, value));
  };
  const std::size_t d = z.width;
  EncoderLayer p;
  p.attention = {weight("attention.w_q", d, d),   weight("attention.w_k", d, d),
                 weight("attention.w_v", d, d),   weight("attention.w_o", d, d),
                 constant("attention.b_q", d, 0), constant("attention.b_k", d, 0),
                 constant("attention.b_v", d, 0), constant("attention.b_o", d, 0)};
  p.norm1 = {constant("norm1.gain", d, 1), constant("norm1.bias", d, 0)};
  p.ffn = {weight("ffn.w_1", d, z.ff), constant("ffn.b_1", z.ff, 0), weight("ffn.w_2", z.ff, d),
           constant("ffn.b_2", d, 0)};
  p.norm2 = {constant("norm2.gain", d, 1), constant("norm2.bias", d, 0)};
  return p;
}

Tensor feed_forward(const Run& run, const Tensor& x, const FeedForwardParameters& p) {
  note(run, "w_1", "W_1", {"d", "ff"}, p.w_1);
  note(run, "b_1", "b_1", {"ff"}, p.b_1);
  const Tensor hidden = relu(run, linear(run, x, p.w_1, p.b_1));  // (...,n,ff)
  note(run, "hidden", "max(x W_1 + b_1, 0)", {"token", "ff"}, hidden);
  note(run, "w_2", "W_2", {"ff", "d"}, p.w_2);
  note(run, "b_2", "b_2", {"d"}, p.b_2);
  const Tensor output = linear(run, hidden, p.w_2, p.b_2);  // (...,n,d)
  note(run, "output", "hidden W_2 + b_2", {"token", "d"}, output);
  return output;
}

namespace {

Tensor norm(const Run& run, const Tensor& x, const NormParameters& p) {
  note(run, "gain", "gain", {"d"}, p.gain);
  note(run, "bias", "bias", {"d"}, p.bias);
  const Tensor output = layer_norm(run, x, p.gain, p.bias);
  note(run, "output", "gain (x - mean) / deviation + bias", {"token", "d"}, output);
  return output;
}

}  // namespace

Tensor encode(const Run& run, const Tensor& x, const EncoderLayer& p, std::size_t layer,
              std::size_t heads, const Tensor& mask, double dropout_rate) {
  const Scope block(run, run.trace ? fmt::format("layer.{}", layer) : std::string());
  const auto inside = [&](const char* name, auto f) {
    const Scope scope(run, name);
    return f();
  };
  const Tensor attended =
      inside("attention", [&] { return multi_head_attention(run, x, p.attention, heads, mask); });
  const Tensor a = inside("norm1", [&] {
    return norm(run, add(run, x, dropout(run, attended, dropout_rate)), p.norm1);
  });
  const Tensor fed = inside("ffn", [&] { return feed_forward(run, a, p.ffn); });
  const Tensor y = inside(
      "norm2", [&] { return norm(run, add(run, a, dropout(run, fed, dropout_rate)), p.norm2); });
  note(run, "output", "norm2(a + ffn(a))", {"token", "d"}, y);
  return y;  // (...,n,d)
}

}  // namespace attn
