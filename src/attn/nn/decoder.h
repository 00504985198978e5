#pragma once
#include <string>

#include "attn/nn/encoder.h"

namespace attn {

/// One block of the decoder.
struct DecoderLayer {
  AttentionParameters self, cross;
  NormParameters norm1, norm2, norm3;
  FeedForwardParameters ffn;
};

/// The block's parameters under prefix + "layer.L.": biases 0, gains 1, weights random.
DecoderLayer decoder_layer(Parameters& parameters, std::size_t layer, const EncoderSizes& sizes,
                           const std::string& prefix = "");
void list_parameters(NamedTensors& to, const std::string& path, const DecoderLayer& layer);
NamedShapes decoder_layer_shapes(const EncoderSizes& sizes);

/// One block. Post-norm: a = norm1(x + self(x)); c = norm2(a + cross(a, memory)); norm3(c +
/// ffn(c)). Pre-norm: x + f(norm(x)) for each of the three. Queries of `cross` come from the
/// decoder, keys and values from the encoder's memory. x (...,n,d), memory (...,m,d), self_mask
/// (n,n): causal, where words must not see the words after them; memory_mask (n,m) or none. Notes
/// everything under "layer.L.". Vaswani et al. 2017, section 3.1.
Tensor decode(const Run& run, const Tensor& x, const Tensor& memory, const DecoderLayer& p,
              std::size_t layer, const BlockOptions& options, const Tensor& self_mask,
              const Tensor& memory_mask = {});

/// Keys and values of the words written so far, for one decoder layer, kept so that the next word
/// computes only itself. A copy goes on by itself (a beam splits).
struct LayerCache {
  Array self_k, self_v;     ///< (H,capacity,d_k): the first `length` rows of each head are set
  Tensor cross_k, cross_v;  ///< (H,m,d_k), of the memory: never change, so copies share them
  std::size_t length = 0;   ///< words so far

  std::size_t capacity() const { return self_k.shape()[1]; }
};

/// An empty cache with room for `capacity` words; the memory's keys and values are computed here,
/// once. memory (m,d). Throws Error(limit) if there is no memory for it.
LayerCache layer_cache(const Run& run, const Tensor& memory, const DecoderLayer& p,
                       std::size_t heads, std::size_t capacity);

/// The block for one more word: x (1,d) -> (1,d), the last row that decode() with a causal mask
/// would give, to float rounding. Reads and extends the cache. The time does not depend on the
/// words so far, but for the attention itself. No gradient. Notes the scores and weights of both
/// attentions under "layer.L.". Throws Error(limit) when the capacity is used up.
Tensor decode_next(const Run& run, const Tensor& x, const DecoderLayer& p, std::size_t layer,
                   const BlockOptions& options, LayerCache& cache);

}  // namespace attn
