#pragma once
#include <string>
#include <vector>

#include "attn/nn/decoder.h"
#include "attn/nn/encoder.h"
#include "attn/nn/parameters.h"
#include "attn/nn/translator.h"

namespace attn {

struct TransformerSizes {
  std::size_t source_vocabulary = 0, target_vocabulary = 0;
  std::size_t width = 64, heads = 4, ff = 256, layers = 2;  ///< layers of each stack
  std::size_t positions = 64;  ///< rows of the position table: the longest sentence
  bool norm_first = false;     ///< pre-norm blocks, with a norm behind each stack
  bool tied = false;           ///< the target's embedding is the output's weight too
  double dropout = 0;
};

/// The encoder-decoder of Vaswani et al. 2017, section 3, with a learned table of positions
/// (section 3.5: as good as sinusoids). Embeddings are multiplied by sqrt(d) (section 3.4).
class Transformer : public Translator {
 public:
  Transformer(const TransformerSizes& sizes, Parameters& parameters);

  /// Notes the tables and output.*, and everything under "encoder." and "decoder.".
  /// Throws Error(usage) for a sentence longer than the position table.
  Tensor logits(const Run& run, const Tensor& source, const Tensor& target) const override;
  /// Keeps the keys and values of the words written: a word costs the same however many came
  /// before, but for looking back at them.
  std::unique_ptr<State> start(const Run& run, const Tensor& source) const override;
  Tensor next(const Run& run, State& state, std::size_t word) const override;

  std::size_t longest_sentence() const override { return sizes_.positions; }

  /// The source's memory: ids (...,S) -> (...,S,d).
  Tensor encode_source(const Run& run, const Tensor& source) const;
  const TransformerSizes& sizes() const { return sizes_; }

 private:
  void note_tables(const Run& run) const;
  Tensor embedded(const Run& run, const Tensor& table, const Tensor& ids, std::size_t first) const;
  /// The norm behind a stack of pre-norm blocks; post-norm blocks need none.
  Tensor stack_norm(const Run& run, const Tensor& x, const NormParameters& p) const;
  Tensor to_words(const Run& run, const Tensor& x) const;
  BlockOptions options() const;

  TransformerSizes sizes_;
  Tensor source_embedding_, target_embedding_, position_, output_w_, output_b_;
  std::vector<EncoderLayer> encoder_;
  std::vector<DecoderLayer> decoder_;
  NormParameters encoder_norm_, decoder_norm_;  // pre-norm only
};

}  // namespace attn
