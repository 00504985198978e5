#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "attn/nn/bert.h"
#include "attn/text/wordpiece.h"
#include "attn/train/downstream.h"
#include "attn/train/learner.h"

namespace attn {

/// A LabelledText in pieces.
struct EncodedText {
  std::vector<BertInput> inputs;
  std::vector<std::size_t> places;  ///< tags, span: the first piece of each word in question
  std::vector<std::size_t> answer;  ///< as in LabelledText
};
EncodedText encode_text(const LabelledText& text, DownstreamHead head, const TopicGrammar& grammar,
                        const PieceVocabulary& vocabulary);

/// Several texts side by side, filled up with [PAD] to one length n.
struct TextBatch {
  std::size_t texts = 0;
  Tensor ids, segments;  ///< ids (R,n): R rows, of a choice several per text
  Tensor mask;           ///< (R,H,n,n): -inf on padding; none if nothing was filled up
  Tensor places;         ///< tags: ids (m), counted through all R n; span: (B,2,n), -inf but there
  Tensor answers;        ///< ids (B); tags (m); span (B,2): places in the row
};
TextBatch batch_of(const std::vector<const EncodedText*>& texts, DownstreamHead head,
                   const Bert& model, std::size_t pad);

/// A BERT with a new head of one linear layer, W and b. C: pooled [CLS], T_i: output at word i.
///     text     logits = C W + b                                   W (d,classes)
///     words    logits_i = T_i W + b                               W (d,classes)
///     span     start_i = T_i S, end_j = T_j E; the likeliest span has the largest start_i + end_j,
///              i <= j                                             W = [S E] (d,2)
///     choice   logit of each input = C V                          W (d,1)
/// Without a pooler C is the output at [CLS] itself.
/// Devlin et al. 2019, section 4 and figure 4.
class FineTuned {
 public:
  /// The head's parameters are "head.w" and "head.b". `frozen`: only these will be learnt, and no
  /// gradient goes into the BERT (section 5.3, the feature-based approach).
  FineTuned(const Bert& bert, DownstreamHead head, std::size_t classes, Parameters& parameters,
            bool frozen);
  const NamedTensors& parameters() const { return learnt_; }
  const Bert& bert() const { return bert_; }
  DownstreamHead head() const { return head_; }

  /// text (B,C), words (m,C), span (B,2,n), choice (B,inputs).
  Tensor logits(const Run& run, const TextBatch& batch) const;
  /// How many texts are answered right altogether.
  std::size_t right(const std::vector<EncodedText>& texts, std::size_t pad) const;

 private:
  const Bert& bert_;
  DownstreamHead head_;
  bool frozen_;
  Tensor w_, b_;
  NamedTensors learnt_;
};

/// Learns from these examples, drawn again and again.
class FineTuningLearner : public Learner {
 public:
  FineTuningLearner(const FineTuned& model, std::vector<EncodedText> examples, std::size_t pad);
  const NamedTensors& parameters() const override { return model_.parameters(); }
  Tensor loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const override;
  Score look(Rng rng) const override;
  bool good(const Score&) const override { return false; }
  std::string description() const override { return "fine-tuning"; }

 private:
  const FineTuned& model_;
  std::vector<EncodedText> examples_;
  std::size_t pad_;
};

}  // namespace attn
