#include "attn/nn/decoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/memory.h"
#include "attn/nn/block.h"

namespace attn {

template <class F>
static void each_parameter(DecoderLayer& p, const std::string& at, const EncoderSizes& z, F& f) {
  each_parameter(p.self, at + "self.", z, f);
  each_parameter(p.norm1, at + "norm1.", z, f);
  each_parameter(p.cross, at + "cross.", z, f);
  each_parameter(p.norm2, at + "norm2.", z, f);
  each_parameter(p.ffn, at + "ffn.", z, f);
  each_parameter(p.norm3, at + "norm3.", z, f);
}

namespace {

/// The block around its two attentions, which differ between a whole sentence and one more word.
template <class Self, class Cross>
Tensor block(const Run& run, const Tensor& x, const DecoderLayer& p, std::size_t layer,
             const BlockOptions& o, Self self, Cross cross) {
  const Scope scope(run, run.trace ? fmt::format("layer.{}", layer) : std::string());
  const Tensor a = block_part(run, x, o, "self", "norm1", p.norm1, "residual1", "x", self);
  const Tensor c = block_part(run, a, o, "cross", "norm2", p.norm2, "residual2", "a", cross);
  const Tensor y =
      block_part(run, c, o, "ffn", "norm3", p.norm3, "residual3", "c",
                 [&](const Tensor& in) { return feed_forward(run, in, p.ffn, o.activation); });
  note(run, "output", "what the block gives to the next", {"token", "d"}, y);
  return y;  // (...,n,d)
}

/// Heads (H,n,d_k) side by side, mixed with W_O. -> (n,d).
Tensor mix_heads(const Run& run, const Tensor& context, const AttentionParameters& p) {
  return linear(run, merge_heads(run, context), p.w_o, p.b_o);
}

/// The first `length` rows of each head: what the trace shows of a cache.
Tensor seen(const Array& cache, std::size_t length) {
  const std::size_t heads = cache.shape()[0], block = cache.shape()[1] * cache.shape()[2];
  Array out = empty({heads, length, cache.shape()[2]});
  const std::size_t size = length * cache.shape()[2];
  for (std::size_t h = 0; h < heads; ++h)
    std::copy_n(cache.data() + h * block, size, out.data() + h * size);
  return Tensor::input(std::move(out));
}

/// Attention of one query per head, q (H,1,d_k), to the first `length` rows of the cache.
/// -> (H,1,d_k). Through the cache in place, unless a trace wants to see the matrices.
Tensor attend_to_cache(const Run& run, const Tensor& q, const LayerCache& cache, bool scaled) {
  if (run.trace) {
    const Tensor k = seen(cache.self_k, cache.length), v = seen(cache.self_v, cache.length);
    note(run, "k_heads", "the keys of the words so far", {"head", "key", "d_k"}, k);
    note(run, "v_heads", "the values of the words so far", {"head", "key", "d_v"}, v);
    return attend(run, {q, k, v}, {}, scaled);
  }
  const std::size_t heads = q.shape()[0], d = q.shape()[2], n = cache.length,
                    step = cache.capacity() * d;
  const double scale = scaled ? 1 / std::sqrt(static_cast<double>(d)) : 1;
  Array scores = empty({heads, 1, n});
  gemm_batched({.m = 1, .n = n, .k = d, .b = Stored::transposed, .alpha = static_cast<real>(scale)},
               heads, q.value().data(), d, cache.self_k.data(), step, scores.data(), n);
  const Tensor weights = softmax(run, Tensor(std::move(scores)));  // (H,1,n)
  Array context = empty({heads, 1, d});
  gemm_batched({.m = 1, .n = d, .k = n}, heads, weights.value().data(), n, cache.self_v.data(),
               step, context.data(), d);
  return Tensor(std::move(context));
}

/// Row `at` of every head, from the row (1,H d_k) of one word.
void keep_row(Array& cache, std::size_t at, const Array& word) {
  const std::size_t heads = cache.shape()[0], capacity = cache.shape()[1], d = cache.shape()[2];
  for (std::size_t h = 0; h < heads; ++h)
    std::copy_n(word.data() + h * d, d, cache.data() + (h * capacity + at) * d);
}

}  // namespace

DecoderLayer decoder_layer(Parameters& parameters, std::size_t layer, const EncoderSizes& sizes,
                           const std::string& prefix) {
  return make_layer<DecoderLayer>(parameters, fmt::format("{}layer.{}.", prefix, layer), sizes);
}

void list_parameters(NamedTensors& to, const std::string& path, const DecoderLayer& layer) {
  list_layer(to, path, layer);
}

NamedShapes decoder_layer_shapes(const EncoderSizes& sizes) {
  return shapes_of_layer<DecoderLayer>(sizes);
}

Tensor decode(const Run& run, const Tensor& x, const Tensor& memory, const DecoderLayer& p,
              std::size_t layer, const BlockOptions& o, const Tensor& self_mask,
              const Tensor& memory_mask) {
  return block(
      run, x, p, layer, o,
      [&](const Tensor& in) {
        return multi_head_attention(run, in, in, p.self, o.heads, self_mask, o.scaled);
      },
      [&](const Tensor& in) {
        return multi_head_attention(run, in, memory, p.cross, o.heads, memory_mask, o.scaled);
      });
}

LayerCache layer_cache(const Run& run, const Tensor& memory, const DecoderLayer& p,
                       std::size_t heads, std::size_t capacity) {
  const std::size_t d = p.self.w_k.shape()[1];
  require_memory(2.0 * sizeof(real) * double(capacity) * double(d),
                 fmt::format("keys and values of {} words", capacity));
  const Tensor cross_k = split_heads(run, linear(run, memory, p.cross.w_k, p.cross.b_k), heads);
  const Tensor cross_v = split_heads(run, linear(run, memory, p.cross.w_v, p.cross.b_v), heads);
  const Shape shape{heads, capacity, d / heads};
  return {empty(shape), empty(shape), cross_k, cross_v, 0};
}

Tensor decode_next(const Run& run, const Tensor& x, const DecoderLayer& p, std::size_t layer,
                   const BlockOptions& o, LayerCache& cache) {
  if (x.shape() != Shape{1, p.self.w_q.shape()[0]}) {
    throw Error(ErrorKind::bad_input,
                fmt::format("decode_next: x has shape {}, expected {}", to_string(x.shape()),
                            to_string({1, p.self.w_q.shape()[0]})),
                "give it one word at a time");
  }
  if (o.heads != cache.self_k.shape()[0]) {
    throw Error(ErrorKind::usage,
                fmt::format("decode_next: {} heads, but the cache was made for {}", o.heads,
                            cache.self_k.shape()[0]));
  }
  if (cache.length == cache.capacity()) {
    throw Error(ErrorKind::limit,
                fmt::format("the cache has room for {} words, and all are written", cache.length),
                "make it with a larger capacity");
  }
  return block(
      run, x, p, layer, o,
      [&](const Tensor& in) {
        keep_row(cache.self_k, cache.length, linear(run, in, p.self.w_k, p.self.b_k).value());
        keep_row(cache.self_v, cache.length, linear(run, in, p.self.w_v, p.self.b_v).value());
        ++cache.length;
        const Tensor q = split_heads(run, linear(run, in, p.self.w_q, p.self.b_q), o.heads);
        return mix_heads(run, attend_to_cache(run, q, cache, o.scaled), p.self);
      },
      [&](const Tensor& in) {
        const Tensor q = split_heads(run, linear(run, in, p.cross.w_q, p.cross.b_q), o.heads);
        const Tensor context =
            attend(run, {q, cache.cross_k, cache.cross_v}, {}, o.scaled, "memory");
        return mix_heads(run, context, p.cross);
      });
}

}  // namespace attn
