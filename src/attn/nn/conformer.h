#pragma once
#include <string>

#include "attn/nn/encoder.h"

namespace attn {

/// Two pointwise layers with a convolution between them: w_1 (d,2d), b_1 (2d), w_depthwise (k,d),
/// b_depthwise (d), w_2 (d,d), b_2 (d).
struct ConvolutionModule {
  Tensor w_1, b_1, w_depthwise, b_depthwise;
  NormParameters norm;
  Tensor w_2, b_2;
};

/// One Conformer block. norm1 to norm4 stand before its four parts, `norm` behind them.
struct ConformerLayer {
  FeedForwardParameters ffn1, ffn2;
  AttentionParameters attention;
  ConvolutionModule conv;
  NormParameters norm1, norm2, norm3, norm4, norm;
};

struct ConformerSizes {
  std::size_t width, heads, ff, kernel;
};

/// The block's parameters under "layer.L.": biases 0, gains 1, weights random.
ConformerLayer conformer_layer(Parameters& parameters, std::size_t layer,
                               const ConformerSizes& sizes);
/// The layer's parameters by name ("layer.0." + "ffn1.w_1"), in the order in which they are used.
void list_parameters(NamedTensors& to, const std::string& path, const ConformerLayer& layer);

/// One block: a = x + ffn1(norm1(x)) / 2; b = a + attention(norm2(a)); c = b + conv(norm3(b));
/// norm(c + ffn2(norm4(c)) / 2). x (...,n,d), mask as in attend(). Notes everything under
/// "layer.L.". Gulati et al. 2020, "Conformer: convolution-augmented Transformer for speech
/// recognition", equation 1. Their attention has relative positions; their convolution module
/// norms over the batch, which one sentence does not have: here it norms each row.
Tensor conformer_block(const Run& run, const Tensor& x, const ConformerLayer& p, std::size_t layer,
                       std::size_t heads, const Tensor& mask);

}  // namespace attn
