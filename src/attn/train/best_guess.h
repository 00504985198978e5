#pragma once
// What nobody can guess better: exact posteriors of hidden words and of "b follows a".
#include <functional>
#include <vector>

#include "attn/text/topics.h"
#include "attn/train/masking.h"

namespace attn {

/// Two sentences as a model sees them: word ids of the grammar, kHidden in the place of [MASK].
struct SeenPair {
  static constexpr std::size_t kHidden = ~std::size_t{0};
  std::vector<std::size_t> a, b;
};

/// The posteriors of one pair, exactly, by Bayes' rule: sums over next or not, the topics and who
/// of both sentences, and their patterns of the right length. The guesser knows the grammar and the
/// chances of masking, but not which of the visible words were chosen.
///
///     P(seen | is next)  = sum_{t,w} P(t,w) A(t,w) B(t,w)
///     P(seen | not next) = sum_{t,w} P(t,w) A(t,w) * sum_{t,w} P(t,w) B(t,w)
///
/// A(t,w) = sum_p P(p) prod_j P(seen_j | t,w,p): given these, words are independent, and so are
/// their masks: P(seen | word) = (1 - s + s k) [seen = word] + s r / V, and s m for [MASK].
class BestGuess {
 public:
  /// The grammar must live as long as this. Throws Error(usage) if the grammar and the masking
  /// cannot have made this pair.
  BestGuess(const TopicGrammar& grammar, const MaskingOptions& masking, SeenPair seen);

  /// P(b follows a | seen).
  double next() const { return next_; }
  /// P(word | seen, this position was chosen) for each word; positions go through a, then b.
  /// Throws Error(usage) for one that is not there, or cannot have been chosen.
  std::vector<double> word(std::size_t position) const;

 private:
  /// By topic and who, likelihoods of one sentence up to one factor.
  using Table = std::vector<std::vector<double>>;
  double seen_chance(double chance, bool hidden) const;
  Table likelihood(const std::vector<std::size_t>& sentence) const;
  template <class F>
  void each_explanation(const std::vector<std::size_t>& sentence, std::size_t skipped,
                        const F& use) const;
  double prior(std::size_t topic) const;

  const TopicGrammar& grammar_;
  MaskingOptions masking_;
  SeenPair seen_;
  Table a_, b_;
  double all_a_ = 0, all_b_ = 0;  // sums with the prior
  double next_ = 0;
};

/// A mean over samples, and its standard error.
struct Estimate {
  double mean = 0, error = 0;
};

/// The best that any model can reach. Losses in nats: of hidden words per chosen position, of
/// next-sentence prediction per pair.
struct BestScores {
  std::size_t pairs = 0, words = 0;
  Estimate word_loss, word_accuracy, next_loss, next_accuracy;
};

/// Draws and masks `pairs` pairs. The guess for each is exact, and so is what it expects of itself
/// (an entropy, the largest posterior); only the mean over pairs is a sample's. Ends early, with
/// fewer pairs, when go_on(pairs done) says no. Throws Error(usage) if no position was ever chosen.
BestScores best_scores(const TopicGrammar& grammar, const MaskingOptions& masking,
                       std::size_t pairs, Rng rng,
                       const std::function<bool(std::size_t)>& go_on = {});

/// A pair through the masking: what is seen, and the words at the positions that were chosen.
struct MaskedPair {
  SeenPair seen;
  std::vector<std::int64_t> targets;  ///< by position through a, then b; -1 where not chosen
};
MaskedPair mask_pair(const TopicGrammar& grammar, const MaskingOptions& masking,
                     const TopicPair& pair, Rng& rng);

/// -sum p log p in nats.
double entropy(const std::vector<double>& chances);

}  // namespace attn
