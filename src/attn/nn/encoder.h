#pragma once
#include <string>

#include "attn/nn/attention.h"
#include "attn/nn/parameters.h"

namespace attn {

struct NormParameters {
  Tensor gain, bias;  ///< (d), (d)
};

/// w_1 (d,ff), b_1 (ff), w_2 (ff,d), b_2 (d).
struct FeedForwardParameters {
  Tensor w_1, b_1, w_2, b_2;
};

/// One block of the encoder.
struct EncoderLayer {
  AttentionParameters attention;
  NormParameters norm1, norm2;
  FeedForwardParameters ffn;
};

struct EncoderSizes {
  std::size_t width, heads, ff;
};

/// The block's parameters under "layer.L.": biases 0, gains 1, weights random.
EncoderLayer encoder_layer(Parameters& parameters, std::size_t layer, const EncoderSizes& sizes);

/// max(x W_1 + b_1, 0) W_2 + b_2, at every position alike. Notes hidden and output.
/// Vaswani et al. 2017, equation 2.
Tensor feed_forward(const Run& run, const Tensor& x, const FeedForwardParameters& p);

/// One post-norm block: a = norm1(x + attention(x)); norm2(a + ffn(a)). x (...,n,d), mask as in
/// attend(). Dropout on both branches where run.rng draws. Notes everything under "layer.L.".
/// Vaswani et al. 2017, section 3.1.
Tensor encode(const Run& run, const Tensor& x, const EncoderLayer& p, std::size_t layer,
              std::size_t heads, const Tensor& mask, double dropout_rate = 0);

}  // namespace attn
