#include "attn/train/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "attn/core/error.h"
#include "attn/graph/trace.h"
#include "attn/nn/generate.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

constexpr std::size_t kPool = 20'000;  // training sentences ready for batches
constexpr int kLooks = 32;             // small batches, so that many lengths are looked at

std::size_t likeliest(const real* row, std::size_t n) {
  return static_cast<std::size_t>(std::max_element(row, row + n) - row);
}

}  // namespace

TranslationLearner::TranslationLearner(const Language& language, const Translator& model,
                                       std::string what, std::uint64_t seed)
    : language_(language),
      model_(model),
      what_(std::move(what)),
      pool_(language, Split::train, kPool, Rng(seed).stream("sentences")) {}

Tensor TranslationLearner::loss(const Run& run, Rng& batches, std::size_t size,
                                double smoothing) const {
  const TranslationBatch batch = pool_.batch(batches, size);
  const Tensor logits = model_.logits(run, batch.source, batch.target);  // (B,T,V)
  note(run, "logits", "", {}, logits);
  return cross_entropy(run, logits, batch.answers, smoothing);
}

Score TranslationLearner::look(Rng rng) const {
  Score score;
  double right = 0, exact = 0, sentences = 0;
  for (int i = 0; i < kLooks; ++i) {
    const TranslationBatch batch = pool_.batch(rng, 16);
    const Tensor logits = model_.logits(Run{}, batch.source, batch.target);
    score.loss += cross_entropy(Run{}, logits, batch.answers).value().data()[0] / double{kLooks};
    const std::size_t words = columns(logits.value()), steps = columns(batch.answers.value());
    for (std::size_t s = 0; s < rows(batch.answers.value()); ++s, ++sentences) {
      bool all = true;
      for (std::size_t t = s * steps; t < (s + 1) * steps; ++t) {
        const real answer = batch.answers.value().data()[t];
        if (answer < 0) continue;
        const bool same =
            likeliest(logits.value().data() + t * words, words) == static_cast<std::size_t>(answer);
        ++score.asked;
        right += same;
        all &= same;
      }
      exact += all;
    }
  }
  score.accuracy = right / double(score.asked);
  score.exact = exact / sentences;
  return score;
}

std::string TranslationLearner::description() const {
  return fmt::format("language {} ({} and {} words), model {}", language_.name(),
                     language_.source().size(), language_.target().size(), what_);
}

TranslationScore translate_all(const Translator& model, const std::vector<Example>& examples) {
  TranslationScore score;
  std::map<std::size_t, TranslationScore::Length> by_length;
  std::vector<std::vector<std::size_t>> references;
  for (const Example& e : examples) {
    const GenerateOptions options{
        .start = Vocabulary::kStart, .end = Vocabulary::kEnd, .longest = 2 * e.target.size() + 8};
    score.outputs.push_back(greedy(Run{}, model, word_ids(e.source), options).words);
    references.emplace_back(e.target.begin() + 1, e.target.end());
    const bool same = score.outputs.back() == references.back();
    auto& length = by_length[e.source.size() - 1];
    length.length = e.source.size() - 1;
    ++length.sentences;
    length.exact += same;
    ++score.sentences;
    score.exact += same;
  }
  const auto without_end = [](std::vector<std::vector<std::size_t>> all) {
    for (auto& words : all) std::erase(words, Vocabulary::kEnd);
    return all;
  };
  score.bleu = bleu(without_end(score.outputs), without_end(references));
  for (const auto& [length, counts] : by_length) score.by_length.push_back(counts);
  return score;
}

double bleu(const std::vector<std::vector<std::size_t>>& outputs,
            const std::vector<std::vector<std::size_t>>& references) {
  if (outputs.size() != references.size())
    throw Error(ErrorKind::usage,
                fmt::format("BLEU of {} sentences against {}", outputs.size(), references.size()),
                "give one reference for each sentence");
  double written = 0, wanted = 0, sum = 0;
  for (std::size_t n = 1; n <= 4; ++n) {
    double found = 0, all = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      std::map<std::vector<std::size_t>, int> left;  // n-grams of the reference not yet used
      const auto each = [n](const std::vector<std::size_t>& words, auto f) {
        for (std::size_t at = 0; at + n <= words.size(); ++at)
          f(std::vector<std::size_t>(words.begin() + std::ptrdiff_t(at),
                                     words.begin() + std::ptrdiff_t(at + n)));
      };
      each(references[i], [&](auto gram) { ++left[std::move(gram)]; });
      each(outputs[i], [&](auto gram) {
        ++all;
        const auto there = left.find(gram);
        if (there == left.end() || there->second == 0) return;
        --there->second;
        ++found;
      });
      if (n == 1) {
        written += double(outputs[i].size());
        wanted += double(references[i].size());
      }
    }
    if (found == 0) return 0;
    sum += std::log(found / all) / 4;
  }
  const double brevity = written < wanted ? 1 - wanted / written : 0;
  return 100 * std::exp(sum + brevity);
}

}  // namespace attn
