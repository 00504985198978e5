#include "attn/nn/transformer.h"

#include <fmt/format.h>

#include <cmath>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

/// The words written so far, as their keys and values in each decoder layer.
struct Writing : Translator::State {
  std::vector<LayerCache> layers;
  std::size_t length = 0;
  std::unique_ptr<State> copy() const override { return std::make_unique<Writing>(*this); }
};

}  // namespace

Transformer::Transformer(const TransformerSizes& z, Parameters& from) : sizes_(z) {
  const std::size_t d = z.width;
  const EncoderSizes block{d, z.heads, z.ff};
  const double deviation = 1 / std::sqrt(double(d));
  const auto keep = [&](const std::string& path, const Tensor& p) {
    all_.emplace_back(path, p);
    return p;
  };
  source_embedding_ =
      keep("source_embedding", from.get("source_embedding", {z.source_vocabulary, d}, deviation));
  target_embedding_ =
      keep("target_embedding", from.get("target_embedding", {z.target_vocabulary, d}, deviation));
  // As large as the embeddings times sqrt(d), so that places are as plain to see as words.
  position_ = keep("position_table", from.get("position_table", {z.positions, d}, 1));
  const auto final_norm = [&](const std::string& path) {
    const NormParameters p = norm_parameters(from, path, d);
    keep(path + "gain", p.gain);
    keep(path + "bias", p.bias);
    return p;
  };
  for (std::size_t l = 0; l < z.layers; ++l) {
    encoder_.push_back(encoder_layer(from, l, block, "encoder."));
    list_parameters(all_, fmt::format("encoder.layer.{}.", l), encoder_.back());
  }
  if (z.norm_first) encoder_norm_ = final_norm("encoder.final_norm.");
  for (std::size_t l = 0; l < z.layers; ++l) {
    decoder_.push_back(decoder_layer(from, l, block, "decoder."));
    list_parameters(all_, fmt::format("decoder.layer.{}.", l), decoder_.back());
  }
  if (z.norm_first) decoder_norm_ = final_norm("decoder.final_norm.");
  if (!z.tied)
    output_w_ = keep("output.w", from.get("output.w", {d, z.target_vocabulary}, deviation));
  output_b_ = keep("output.b", from.get_or("output.b", zeros({z.target_vocabulary})));
}

BlockOptions Transformer::options() const {
  return {.heads = sizes_.heads, .norm_first = sizes_.norm_first, .dropout = sizes_.dropout};
}

Tensor Transformer::embedded(const Run& run, const Tensor& table, const Tensor& ids,
                             std::size_t first) const {
  const std::size_t n = ids.shape().back();
  if (first + n > sizes_.positions) {
    throw Error(
        ErrorKind::usage,
        fmt::format("a sentence of {} words, but the model knows {} positions", first + n,
                    sizes_.positions),
        "a learned position exists only for places seen in training: use a shorter sentence");
  }
  const Tensor words = scale(run, embed(run, table, ids), std::sqrt(double(sizes_.width)));
  const Tensor x = add(run, words, slice_rows(run, position_, first, first + n));
  note(run, "x", "embedding sqrt(d) + position", {"token", "d"}, x);
  return dropout(run, x, sizes_.dropout);
}

Tensor Transformer::stack_norm(const Run& run, const Tensor& x, const NormParameters& p) const {
  if (!sizes_.norm_first) return x;
  const Scope scope(run, "final_norm");
  return norm(run, x, p);
}

Tensor Transformer::encode_source(const Run& run, const Tensor& source) const {
  const Scope scope(run, "encoder");
  Tensor h = embedded(run, source_embedding_, source, 0);
  for (std::size_t l = 0; l < encoder_.size(); ++l)
    h = encode(run, h, encoder_[l], l, options(), {});
  h = stack_norm(run, h, encoder_norm_);
  note(run, "output", "the memory that the decoder reads", {"token", "d"}, h);
  return h;
}

Tensor Transformer::to_words(const Run& run, const Tensor& x) const {
  if (!sizes_.tied) return linear(run, x, output_w_, output_b_);
  return add(run, matmul_nt(run, x, target_embedding_), output_b_);
}

void Transformer::note_tables(const Run& run) const {
  if (!run.trace) return;
  note(run, "source_embedding", "E_x: one row per source word", {"source_word", "d"},
       source_embedding_);
  note(run, "target_embedding", "E_y: one row per target word", {"word", "d"}, target_embedding_);
  note(run, "position_table", "one row per position", {"position", "d"}, position_);
  if (!sizes_.tied)
    note(run, "output.w", "W: from the width to the words", {"d", "word"}, output_w_);
  note(run, "output.b", "b", {"word"}, output_b_);
}

Tensor Transformer::logits(const Run& run, const Tensor& source, const Tensor& target) const {
  note_tables(run);
  const Tensor memory = encode_source(run, source);
  const Tensor mask = Tensor::input(causal_mask(target.shape().back()));
  const Scope scope(run, "decoder");
  Tensor h = embedded(run, target_embedding_, target, 0);
  for (std::size_t l = 0; l < decoder_.size(); ++l)
    h = decode(run, h, memory, decoder_[l], l, options(), mask);
  h = stack_norm(run, h, decoder_norm_);
  return to_words(run, h);
}

std::unique_ptr<Translator::State> Transformer::start(const Run& run, const Tensor& source) const {
  const Tensor memory = encode_source(run, source);
  auto state = std::make_unique<Writing>();
  for (const DecoderLayer& p : decoder_)
    state->layers.push_back(layer_cache(run, memory, p, sizes_.heads, sizes_.positions));
  return state;
}

Tensor Transformer::next(const Run& run, State& state, std::size_t word) const {
  auto& writing = dynamic_cast<Writing&>(state);
  const Scope scope(run, run.trace ? fmt::format("word.{}", writing.length) : std::string());
  const Tensor id = Tensor::ids(full({1}, static_cast<real>(word)));
  Tensor h = embedded(run, target_embedding_, id, writing.length++);  // (1,d)
  for (std::size_t l = 0; l < decoder_.size(); ++l)
    h = decode_next(run, h, decoder_[l], l, options(), writing.layers[l]);
  h = stack_norm(run, h, decoder_norm_);
  const Tensor logits = to_words(run, h);
  return reshape(run, logits, {sizes_.target_vocabulary});
}

}  // namespace attn
