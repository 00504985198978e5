// Attention and the blocks of encoder and decoder, with their gradients, against PyTorch's
// MultiheadAttention, TransformerEncoderLayer and TransformerDecoderLayer (tests/reference/torch).
#include <doctest/doctest.h>

#include <limits>

#include "attn/graph/trace.h"
#include "attn/nn/decoder.h"
#include "attn/nn/mask.h"
#include "torch_cases.h"

using namespace attn;
using namespace attn::testing;

namespace {

AttentionParameters attention_of(Named& p, const std::string& at) {
  return {p[at + "w_q"], p[at + "w_k"], p[at + "w_v"], p[at + "w_o"],
          p[at + "b_q"], p[at + "b_k"], p[at + "b_v"], p[at + "b_o"]};
}
NormParameters norm_of(Named& p, const std::string& at) { return {p[at + "gain"], p[at + "bias"]}; }
FeedForwardParameters ffn_of(Named& p) {
  return {p["ffn.w_1"], p["ffn.b_1"], p["ffn.w_2"], p["ffn.b_2"]};
}

/// (B,H,n,m): the causal mask, where asked for, and the last hidden[b] keys of sentence b away.
Tensor mask_of(const nlohmann::json& c, std::size_t n, std::size_t m) {
  const auto hidden = c["hidden"].get<std::vector<std::size_t>>();
  const auto heads = c["heads"].get<std::size_t>();
  const bool causal = c.value("causal", false);
  Array mask = zeros({hidden.size(), heads, n, m});
  for (std::size_t b = 0; b < hidden.size(); ++b) {
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < m; ++j) {
          if (j >= m - hidden[b] || (causal && j > i))
            mask(b, h, i, j) = -std::numeric_limits<real>::infinity();
        }
      }
    }
  }
  return Tensor(std::move(mask));
}

BlockOptions options_of(const nlohmann::json& c) {
  BlockOptions o{.heads = c["heads"].get<std::size_t>(), .norm_first = c["pre"].get<bool>()};
  if (c.value("activation", "relu") == "gelu") o.activation = Activation::gelu;
  return o;
}

}  // namespace

TEST_CASE("torch: several heads, to themselves and to a memory, with masks and padded keys") {
  for (const auto& c : cases("attention")) {
    const Tensor memory =
        c["memory"].is_null() ? Tensor() : Tensor(json_array(c["memory"], "memory"));
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      const Tensor& from = memory ? memory : x;
      Trace trace;
      const Tensor y =
          multi_head_attention(Run{.tape = run.tape, .trace = &trace}, x, from, attention_of(p, ""),
                               c["heads"].get<std::size_t>(), mask_of(c, 5, from.shape()[1]));
      check_near(trace.find("weights")->values(), c["weights"], "attention weights");
      return y;
    });
  }
}

TEST_CASE("torch: a layer of the encoder, post-norm and pre-norm, with masks and padded keys") {
  for (const auto& c : cases("encoder")) {
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      const EncoderLayer layer{attention_of(p, "attention."), norm_of(p, "norm1."),
                               norm_of(p, "norm2."), ffn_of(p)};
      return encode(run, x, layer, 0, options_of(c), mask_of(c, 5, 5));
    });
  }
}

TEST_CASE("torch: a layer of the decoder, post-norm and pre-norm, with padded keys") {
  for (const auto& c : cases("decoder")) {
    check_case(c, [&](const Run& run, const Tensor& x, Named& p) {
      const DecoderLayer layer{attention_of(p, "self."), attention_of(p, "cross."),
                               norm_of(p, "norm1."),     norm_of(p, "norm2."),
                               norm_of(p, "norm3."),     ffn_of(p)};
      return decode(run, x, p["memory"], layer, 0, options_of(c), Tensor(causal_mask(3)),
                    mask_of(c, 3, 5));
    });
  }
}
