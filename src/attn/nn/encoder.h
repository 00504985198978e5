#pragma once
#include <string>
#include <utility>
#include <vector>

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

/// What stands between the two layers of a feed-forward net.
enum class Activation { relu, gelu, swish };

/// How a block of the encoder or decoder is put together. Without `residual`, x + f(x) becomes
/// f(x); without `norm`, no layer norm at all; without `scaled`, scores are not divided by
/// sqrt(d_k): to see what each part is good for.
struct BlockOptions {
  std::size_t heads = 4;
  bool norm_first = false;  ///< pre-norm: x + f(norm(x)); else post-norm: norm(x + f(x))
  bool residual = true, norm = true, scaled = true;
  double dropout = 0;
  Activation activation = Activation::relu;
  double eps = 1e-5;  ///< of the layer norms
};

/// The block's parameters under prefix + "layer.L.": biases 0, gains 1, weights random.
EncoderLayer encoder_layer(Parameters& parameters, std::size_t layer, const EncoderSizes& sizes,
                           const std::string& prefix = "");
/// Gain 1 and bias 0 under path + "gain" and path + "bias".
NormParameters norm_parameters(Parameters& parameters, const std::string& path, std::size_t d);

/// Adds the layer's parameters by name ("layer.0." + "attention.w_q"), in the order in which they
/// are used.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
void list_parameters(NamedTensors& to, const std::string& path, const EncoderLayer& layer);
/// Names and shapes of what encoder_layer() would make, without making it.
using NamedShapes = std::vector<std::pair<std::string, Shape>>;
NamedShapes encoder_layer_shapes(const EncoderSizes& sizes);

/// activation(x W_1 + b_1) W_2 + b_2, at every position alike. Notes hidden and output.
/// Vaswani et al. 2017, equation 2.
Tensor feed_forward(const Run& run, const Tensor& x, const FeedForwardParameters& p,
                    Activation activation = Activation::relu);

/// layer_norm(x) with these parameters. Notes gain, bias and output.
Tensor norm(const Run& run, const Tensor& x, const NormParameters& p, double eps = 1e-5);

/// One block. Post-norm: a = norm1(x + attention(x)); norm2(a + ffn(a)). Pre-norm:
/// a = x + attention(norm1(x)); a + ffn(norm2(a)), and whoever stacks such blocks norms once more
/// at the end. x (...,n,d), mask as in attend(). Dropout on both branches where run.rng draws.
/// Notes everything under "layer.L.". Vaswani et al. 2017, section 3.1 (post-norm); Xiong et al.
/// 2020, "On layer normalization in the Transformer architecture", section 3 (pre-norm).
Tensor encode(const Run& run, const Tensor& x, const EncoderLayer& p, std::size_t layer,
              const BlockOptions& options, const Tensor& mask);

}  // namespace attn
