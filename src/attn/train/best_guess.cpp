#include "attn/train/best_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/core/error.h"

namespace attn {

namespace {

using Kind = TopicGrammar::Part::Kind;

constexpr std::size_t kNone = ~std::size_t{0};

[[noreturn]] void impossible() {
  throw Error(ErrorKind::usage, "the grammar and the masking cannot have made this pair",
              "sentences of the grammar, masked with the same chances");
}

}  // namespace

BestGuess::BestGuess(const TopicGrammar& grammar, const MaskingOptions& masking, SeenPair seen)
    : grammar_(grammar), masking_(masking), seen_(std::move(seen)) {
  check(masking);
  a_ = likelihood(seen_.a);
  b_ = likelihood(seen_.b);
  double both = 0;
  for (std::size_t t = 0; t < a_.size(); ++t) {
    for (std::size_t w = 0; w < a_[t].size(); ++w) {
      all_a_ += prior(t) * a_[t][w];
      all_b_ += prior(t) * b_[t][w];
      both += prior(t) * a_[t][w] * b_[t][w];
    }
  }
  next_ = both / (both + all_a_ * all_b_);
}

double BestGuess::prior(std::size_t topic) const {
  const auto& topics = grammar_.topics();
  return 1 / static_cast<double>(topics.size() * topics[topic].who.size());
}

/// P(what is seen), where the word that is seen had this chance to be there.
double BestGuess::seen_chance(double chance, bool hidden) const {
  const double s = masking_.select, kept = std::max(0.0, 1 - masking_.mask - masking_.random);
  if (hidden) return s * masking_.mask;
  return (1 - s + s * kept) * chance +
         s * masking_.random / static_cast<double>(grammar_.words().size());
}

/// Calls use(topic, who, pattern, P(pattern) P(seen but for the skipped place | topic, who,
/// pattern)) for all patterns of the right length.
template <class F>
void BestGuess::each_explanation(const std::vector<std::size_t>& sentence, std::size_t skipped,
                                 const F& use) const {
  const auto& topics = grammar_.topics();
  for (std::size_t t = 0; t < topics.size(); ++t) {
    for (const TopicGrammar::Pattern& pattern : grammar_.patterns()) {
      if (pattern.parts.size() != sentence.size()) continue;
      const auto evidence = [&](const TopicGrammar::Who& who, bool of_who) {
        double product = 1;
        for (std::size_t j = 0; j < sentence.size(); ++j) {
          const TopicGrammar::Part& part = pattern.parts[j];
          if (j == skipped || (part.kind == Kind::who) != of_who) continue;
          product *= seen_chance(grammar_.chance(topics[t], who, part, sentence[j]),
                                 sentence[j] == SeenPair::kHidden);
        }
        return product;
      };
      const double fixed = pattern.share * evidence(topics[t].who[0], false);  // whoever it is
      for (std::size_t w = 0; w < topics[t].who.size(); ++w)
        use(t, w, pattern, fixed * evidence(topics[t].who[w], true));
    }
  }
}

BestGuess::Table BestGuess::likelihood(const std::vector<std::size_t>& sentence) const {
  Table table;
  for (const TopicGrammar::Topic& topic : grammar_.topics())
    table.emplace_back(topic.who.size(), 0.0);
  each_explanation(sentence, kNone, [&](std::size_t t, std::size_t w, const auto&, double chance) {
    table[t][w] += chance;
  });
  double largest = 0;
  for (const auto& row : table)
    largest = std::max(largest, *std::max_element(row.begin(), row.end()));
  if (!(largest > 0)) impossible();
  for (auto& row : table) {  // products of two sentences must not underflow
    for (double& chance : row) chance /= largest;
  }
  return table;
}

std::vector<double> BestGuess::word(std::size_t position) const {
  const bool in_a = position < seen_.a.size();
  const std::vector<std::size_t>& sentence = in_a ? seen_.a : seen_.b;
  const std::size_t place = in_a ? position : position - seen_.a.size();
  if (place >= sentence.size())
    throw Error(ErrorKind::usage, fmt::format("no position {} in this pair", position),
                "positions go through both sentences, from 0");
  const Table& other = in_a ? b_ : a_;
  const double all_other = in_a ? all_b_ : all_a_;

  const auto& topics = grammar_.topics();
  std::vector<double> words(grammar_.words().size());
  // Lists are spread over their words at the end: many explanations share one.
  std::vector<std::vector<double>> lists(topics.size(),
                                         std::vector<double>(grammar_.lists().size()));
  each_explanation(sentence, place,
                   [&](std::size_t t, std::size_t w, const auto& pattern, double chance) {
                     const TopicGrammar::Part& part = pattern.parts[place];
                     // Next: the other sentence has the same topic and who; not next: any.
                     const double weight = chance * prior(t) * (other[t][w] + all_other);
                     if (part.kind == Kind::list) lists[t][part.id] += weight;
                     if (part.kind == Kind::word) words[part.id] += weight;
                     if (part.kind == Kind::who) words[topics[t].who[w][part.id]] += weight;
                   });
  for (std::size_t t = 0; t < topics.size(); ++t) {
    for (std::size_t l = 0; l < lists[t].size(); ++l) {
      if (lists[t][l] == 0) continue;
      for (const auto& [word, chance] : topics[t].lists[l]->chance)
        words[word] += lists[t][l] * chance;
    }
  }
  // What became of the word, given that it was chosen.
  const std::size_t here = sentence[place];
  double total = 0;
  for (std::size_t word = 0; word < words.size(); ++word) {
    words[word] *=
        here == SeenPair::kHidden
            ? masking_.mask
            : masking_.random / static_cast<double>(words.size()) +
                  (word == here ? std::max(0.0, 1 - masking_.mask - masking_.random) : 0);
    total += words[word];
  }
  if (!(total > 0)) impossible();
  for (double& chance : words) chance /= total;
  return words;
}

MaskedPair mask_pair(const TopicGrammar& grammar, const MaskingOptions& masking,
                     const TopicPair& pair, Rng& rng) {
  const Masker masker(
      grammar.words().size(), SeenPair::kHidden, [](std::size_t) { return false; }, masking);
  Masked a = masker(pair.a.words, rng), b = masker(pair.b.words, rng);
  a.targets.insert(a.targets.end(), b.targets.begin(), b.targets.end());
  return {{std::move(a.ids), std::move(b.ids)}, std::move(a.targets)};
}

double entropy(const std::vector<double>& chances) {
  double sum = 0;
  for (const double chance : chances) {
    if (chance > 0) sum -= chance * std::log(chance);
  }
  return sum;
}

namespace {

/// The ratio of two sums over pairs, with its standard error (to first order).
class Ratio {
 public:
  void add(double value, double count) { values_.emplace_back(value, count); }
  Estimate estimate() const {
    double sum = 0, count = 0, squares = 0;
    for (const auto& [v, n] : values_) {
      sum += v;
      count += n;
    }
    const double mean = sum / count;
    for (const auto& [v, n] : values_) squares += (v - mean * n) * (v - mean * n);
    return {mean, std::sqrt(squares) / count};
  }

 private:
  std::vector<std::pair<double, double>> values_;
};

}  // namespace

BestScores best_scores(const TopicGrammar& grammar, const MaskingOptions& masking,
                       std::size_t pairs, Rng rng, const std::function<bool(std::size_t)>& go_on) {
  BestScores scores;
  Ratio word_loss, word_accuracy, next_loss, next_accuracy;
  for (; scores.pairs < pairs && (!go_on || go_on(scores.pairs)); ++scores.pairs) {
    const TopicPair pair = grammar.draw_pair(rng);
    MaskedPair masked = mask_pair(grammar, masking, pair, rng);
    const BestGuess guess(grammar, masking, std::move(masked.seen));
    next_loss.add(entropy({guess.next(), 1 - guess.next()}), 1);
    next_accuracy.add(std::max(guess.next(), 1 - guess.next()), 1);
    double loss = 0, accuracy = 0, chosen = 0;
    for (std::size_t at = 0; at < masked.targets.size(); ++at) {
      if (masked.targets[at] < 0) continue;
      const std::vector<double> posterior = guess.word(at);
      loss += entropy(posterior);
      accuracy += *std::max_element(posterior.begin(), posterior.end());
      ++chosen;
    }
    word_loss.add(loss, chosen);
    word_accuracy.add(accuracy, chosen);
    scores.words += static_cast<std::size_t>(chosen);
  }
  if (scores.words == 0)
    throw Error(ErrorKind::usage, fmt::format("no word was chosen in {} pairs", scores.pairs),
                "more pairs");
  scores.word_loss = word_loss.estimate();
  scores.word_accuracy = word_accuracy.estimate();
  scores.next_loss = next_loss.estimate();
  scores.next_accuracy = next_accuracy.estimate();
  return scores;
}

}  // namespace attn
