#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "attn/nn/bert.h"
#include "attn/text/wordpiece.h"
#include "attn/train/learner.h"
#include "attn/train/masking.h"

namespace attn {

/// Two sentences as BERT reads them: [CLS] A [SEP] B [SEP].
struct EncodedPair {
  BertInput input;
  bool is_next = false;
};

/// A and B are pieces. Throws Error(usage) if one of them is empty.
EncodedPair encode_pair(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& a,
                        const std::vector<std::size_t>& b, bool is_next);

/// A pair whose words were hidden; `encoded` keeps them.
struct PretrainingPair {
  EncodedPair encoded;
  Masked masked;
};

struct PretrainingOptions {
  bool mlm = true, nsp = true;  ///< which losses count; their sum if both do
  bool dynamic = true;          ///< masks are drawn anew for every batch, not once for ever
};

/// Pairs of one length side by side.
struct PretrainingBatch {
  Tensor ids, segments;  ///< ids (B,n)
  Tensor places;         ///< ids (m): the hidden places, counted through all B n of the batch
  Tensor words;          ///< ids (m): what was there
  Tensor answers;        ///< ids (B): 0 where B follows A, else 1
};
/// Throws Error(usage) unless there are pairs, all of one length.
PretrainingBatch batch_of(const std::vector<const PretrainingPair*>& pairs);

/// A Bert that learns to guess hidden words and next sentences. Devlin et al. 2019, section 3.1.
class PretrainingLearner : public Learner {
 public:
  /// Throws Error(usage) for no pairs, no loss, a head that the model does not have, a pair that is
  /// longer than its positions, or hidden words to learn by where none can be hidden.
  PretrainingLearner(const Bert& model, const PieceVocabulary& vocabulary,
                     const std::vector<EncodedPair>& pairs, const PretrainingOptions& options,
                     std::uint64_t seed);
  const std::vector<std::pair<std::string, Tensor>>& parameters() const override {
    return model_.parameters();
  }
  /// Label smoothing is that of the words.
  Tensor loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const override;
  /// Accuracy: of hidden words, or (without them) of next sentences.
  Score look(Rng rng) const override;
  bool good(const Score&) const override { return false; }  // it learns as long as it is told to
  std::string description() const override;

 private:
  std::vector<PretrainingPair> draw(Rng& rng, std::size_t size) const;

  const Bert& model_;
  Masker masker_;
  PretrainingOptions options_;
  std::vector<PretrainingPair> pairs_;
  std::map<std::size_t, std::vector<std::size_t>> by_length_;  ///< places in pairs_
  std::uint64_t fingerprint_;                                  ///< of all pairs
};

struct PretrainingScore {
  double mlm_loss = 0, mlm_accuracy = 0;  ///< over the hidden places
  double nsp_loss = 0, nsp_accuracy = 0;  ///< over the pairs
  std::size_t hidden = 0, pairs = 0;
};
/// No gradient, no dropout. What the model has no head for stays 0.
PretrainingScore evaluate(const Bert& model, const std::vector<PretrainingPair>& pairs);

}  // namespace attn
