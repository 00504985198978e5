#pragma once
// Writing a sentence with a Translator, one word after the other.
#include <functional>
#include <vector>

#include "attn/core/rng.h"
#include "attn/nn/translator.h"

namespace attn {

/// These ids as a sentence (n) that a Translator reads.
Tensor word_ids(const std::vector<std::size_t>& words);

/// A word that could come next.
struct Candidate {
  std::size_t word;
  double log_probability;  ///< of this word, given those before it
  double score;            ///< of the whole sentence so far; what is compared
  std::size_t beam = 0;    ///< which of the unfinished sentences it would go on
  bool kept = false;
};

/// A sentence that a model wrote.
struct Written {
  std::vector<std::size_t> words;  ///< without <start>; with <end> if it came to one
  double log_probability = 0;      ///< sum over its words
  double score = 0;                ///< log_probability over the length penalty
  bool ended = false;
};

struct GenerateOptions {
  std::size_t start = 1, end = 2;  ///< ids
  /// Words at most, <end> among them; no more than the model can write in any case.
  std::size_t longest = 64;
  std::size_t shown = 5;  ///< candidates per sentence and step that an observer is told
};

/// Told after each step: the best candidates of all unfinished sentences, best first; with greedy()
/// and sample() the chosen word is always among them.
using CandidateObserver =
    std::function<void(std::size_t step, const std::vector<Candidate>& candidates)>;

/// The likeliest word each time; of equals the one with the lower id. source ids (S). All three
/// throw Error(bad_input) if the model's logits are not finite.
Written greedy(const Run& run, const Translator& model, const Tensor& source,
               const GenerateOptions& options, const CandidateObserver& observe = {});

/// Keeps the `width` best beginnings at every step; the best finished sentence by
/// log P / ((5 + length) / 6)^penalty comes first. Wu et al. 2016, "Google's neural machine
/// translation system", equation 14. With width 1 the same words as greedy().
/// Throws Error(usage) for width 0.
std::vector<Written> beam_search(const Run& run, const Translator& model, const Tensor& source,
                                 const GenerateOptions& options, std::size_t width, double penalty,
                                 const CandidateObserver& observe = {});

/// Draws each word from softmax(logits / temperature); log_probability and what an observer is told
/// are by these probabilities. Throws Error(usage) for a temperature that is not above 0.
Written sample(const Run& run, const Translator& model, const Tensor& source,
               const GenerateOptions& options, double temperature, Rng& rng,
               const CandidateObserver& observe = {});

}  // namespace attn
