#pragma once
#include "attn/nn/translator.h"
#include "attn/train/language.h"
#include "attn/train/learner.h"

namespace attn {

/// A Translator that learns a Language by teacher forcing.
class TranslationLearner : public Learner {
 public:
  /// `what` describes the model with all its sizes, for checkpoints.
  TranslationLearner(const Language& language, const Translator& model, std::string what,
                     std::uint64_t seed);
  const std::vector<std::pair<std::string, Tensor>>& parameters() const override {
    return model_.parameters();
  }
  Tensor loss(const Run& run, Rng& batches, std::size_t size, double smoothing) const override;
  /// Teacher forcing on fresh training sentences. A sentence counts as right if each of its words
  /// is the likeliest: then, and only then, greedy decoding writes it too.
  Score look(Rng rng) const override;
  /// All of the 512 sentences of a look right.
  bool good(const Score& look) const override { return look.exact == 1; }
  std::string description() const override;

 private:
  const Language& language_;
  const Translator& model_;
  std::string what_;
  SentencePool pool_;
};

/// How well sentences are translated, by source length.
struct TranslationScore {
  std::size_t sentences = 0, exact = 0;
  double bleu = 0;  ///< 0 .. 100
  struct Length {
    std::size_t length, sentences, exact;
  };
  std::vector<Length> by_length;                  ///< words of the source, without <end>
  std::vector<std::vector<std::size_t>> outputs;  ///< ids, with <end> where it was written
};

/// Greedy decoding of each example, in the same order. An output is right if it has the very words
/// of the example, <end> among them.
TranslationScore translate_all(const Translator& model, const std::vector<Example>& examples);

/// Corpus BLEU with up to 4-grams and the brevity penalty, 0 .. 100. One reference per sentence.
/// Papineni et al. 2002, "BLEU", section 2.3. Without smoothing: 0 if some n-gram order never fits,
/// so also where every sentence has less than 4 words. Throws Error(usage) for unequal numbers of
/// sentences.
double bleu(const std::vector<std::vector<std::size_t>>& outputs,
            const std::vector<std::vector<std::size_t>>& references);

}  // namespace attn
