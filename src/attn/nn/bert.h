#pragma once
#include <string>
#include <vector>

#include "attn/nn/encoder.h"
#include "attn/nn/parameters.h"
#include "attn/text/wordpiece.h"

namespace attn {

/// What a BERT is made of. The defaults are BERT base (Devlin et al. 2019, section 3) without its
/// vocabulary.
struct BertSizes {
  std::size_t vocabulary = 0;
  std::size_t width = 768, heads = 12, ff = 3072, layers = 12;
  std::size_t positions = 512, segments = 2;
  double dropout = 0;  ///< 0.1 in the paper's training
  double eps = 1e-12;  ///< of the layer norms
  Activation activation = Activation::gelu;
  // What stands on top of the encoder; a checkpoint need not have all.
  bool pooler = true, mlm = true, nsp = true;
};

/// Throws Error(usage) for sizes that do not go together: heads that do not divide the width, an
/// nsp head without the pooler, a size of 0.
void check_sizes(const BertSizes& sizes);

/// Names and shapes of everything that a Bert of these sizes has, without making it.
NamedShapes bert_shapes(const BertSizes& sizes);

/// What a Bert reads: [CLS] A [SEP], or [CLS] A [SEP] B [SEP]. Segment 0 is [CLS] A [SEP], 1 the
/// rest.
struct BertInput {
  std::vector<std::size_t> ids, segments;
  std::size_t length() const { return ids.size(); }
};
/// Of the pieces of A and B; without pieces of B, A stands alone. Section 3, figure 2.
BertInput bert_input(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& a,
                     const std::vector<std::size_t>& b = {});

/// Devlin et al. 2019, "BERT: pre-training of deep bidirectional Transformers": an encoder over the
/// sum of three embeddings, with a head that guesses hidden words and one that says whether the
/// second sentence follows the first. B sentences at once have the shape (B,n); one may be (n).
class Bert {
 public:
  /// Throws what check_sizes throws.
  Bert(const BertSizes& sizes, Parameters& parameters);

  const BertSizes& sizes() const { return sizes_; }
  const NamedTensors& parameters() const { return all_; }
  std::size_t parameter_count() const;

  /// X = norm(token_embedding[id] + segment_embedding[segment] + position_embedding[place]).
  /// ids and segments (...,n) -> (...,n,d). Notes the tables, the three summands, their sum and x.
  /// Throws Error(usage) for a sentence longer than the position table, or a segment that the model
  /// does not know. Section 3, figure 2.
  Tensor embed(const Run& run, const Tensor& ids, const Tensor& segments) const;
  /// The encoder's blocks. x (...,n,d), mask as in attend() -> (...,n,d). Notes the encoder's steps
  /// and `output`.
  Tensor encode(const Run& run, const Tensor& x, const Tensor& mask) const;
  /// tanh(h W + b) of the first position, [CLS]. hidden (...,n,d) -> (...,d). Notes `pooled`.
  Tensor pooled(const Run& run, const Tensor& hidden) const;
  /// A logit for each word of the vocabulary: norm(gelu(h W + b)) E^T + bias, with the embedding E
  /// of the input (tied). hidden (...,d) -> (...,V). Notes everything under "mlm.". Section 3.1,
  /// task 1; the transform is that of the authors' code.
  Tensor mlm_logits(const Run& run, const Tensor& hidden) const;
  /// Two logits: B follows A, or not (0 is "follows", as in published checkpoints). pooled (...,d)
  /// -> (...,2). Notes everything under "nsp.". Section 3.1, task 2.
  Tensor nsp_logits(const Run& run, const Tensor& pooled) const;

 private:
  BertSizes sizes_;
  Tensor token_embedding_, segment_embedding_, position_embedding_;
  NormParameters embedding_norm_;
  std::vector<EncoderLayer> layers_;
  Tensor pooler_w_, pooler_b_;
  Tensor transform_w_, transform_b_, mlm_bias_;
  NormParameters mlm_norm_;
  Tensor nsp_w_, nsp_b_;
  NamedTensors all_;
};

}  // namespace attn
