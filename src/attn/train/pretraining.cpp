#include "attn/train/pretraining.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/core/hash.h"
#include "attn/graph/trace.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

constexpr std::size_t kPairsLooked = 128;  // pairs of a look, and of a batch of an evaluation

struct Logits {
  Tensor mlm;  ///< (m,V); none if nothing is hidden or the model has no such head
  Tensor nsp;  ///< (B,2); the same
};

Logits forward(const Run& run, const Bert& model, const PretrainingBatch& batch) {
  const Tensor output =
      model.encode(run, model.embed(run, batch.ids, batch.segments), {});  // (B,n,d)
  Logits logits;
  if (model.sizes().mlm && batch.places.value().size() > 0) {
    const std::size_t d = output.shape().back();
    const Tensor flat = reshape(run, output, {rows(output.value()), d});  // (B n,d)
    logits.mlm = model.mlm_logits(run, embed(run, flat, batch.places));   // (m,V)
  }
  if (model.sizes().nsp) logits.nsp = model.nsp_logits(run, model.pooled(run, output));  // (B,2)
  return logits;
}

/// How many rows have their largest number where the answer is.
std::size_t right(const Array& logits, const Array& answers) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < rows(logits); ++i) {
    const auto r = row(logits, i);
    n += static_cast<std::size_t>(std::max_element(r.begin(), r.end()) - r.begin()) ==
         static_cast<std::size_t>(answers.data()[i]);
  }
  return n;
}

double number(const Tensor& loss) { return loss.value().data()[0]; }

/// To tell one corpus from another.
std::uint64_t fingerprint_of(const std::vector<EncodedPair>& pairs) {
  std::uint64_t hash = kFnvBasis;
  for (const EncodedPair& pair : pairs) {
    hash = fnv1a_step(hash, pair.is_next);
    for (const std::size_t id : pair.input.ids) hash = fnv1a_step(hash, id);
  }
  return hash;
}

}  // namespace

EncodedPair encode_pair(const PieceVocabulary& vocabulary, const std::vector<std::size_t>& a,
                        const std::vector<std::size_t>& b, bool is_next) {
  if (a.empty() || b.empty())
    throw Error(ErrorKind::usage, "a pair with an empty sentence", "both need at least one word");
  return {bert_input(vocabulary, a, b), is_next};
}

PretrainingBatch batch_of(const std::vector<const PretrainingPair*>& pairs) {
  const std::size_t size = pairs.size(), n = size == 0 ? 0 : pairs[0]->encoded.input.ids.size();
  std::vector<std::size_t> ids, segments, places, words, answers;
  for (std::size_t i = 0; i < size; ++i) {
    const PretrainingPair& p = *pairs[i];
    if (p.encoded.input.ids.size() != n)
      throw Error(ErrorKind::usage, "pairs of different lengths in one batch",
                  "nothing is padded: put pairs of one length together");
    ids.insert(ids.end(), p.masked.ids.begin(), p.masked.ids.end());
    segments.insert(segments.end(), p.encoded.input.segments.begin(),
                    p.encoded.input.segments.end());
    for (std::size_t t = 0; t < n; ++t) {
      if (p.masked.targets[t] < 0) continue;
      places.push_back(i * n + t);
      words.push_back(static_cast<std::size_t>(p.masked.targets[t]));
    }
    answers.push_back(p.encoded.is_next ? 0 : 1);
  }
  if (size == 0) throw Error(ErrorKind::usage, "a batch of no pairs", "give at least one");
  return {Tensor::ids(ids, {size, n}), Tensor::ids(segments, {size, n}),
          Tensor::ids(places, {places.size()}), Tensor::ids(words, {words.size()}),
          Tensor::ids(answers, {size})};
}

PretrainingLearner::PretrainingLearner(const Bert& model, const PieceVocabulary& vocabulary,
                                       const std::vector<EncodedPair>& pairs,
                                       const PretrainingOptions& options, std::uint64_t seed)
    : model_(model),
      masker_(vocabulary.size(), vocabulary.mask(),
              [&](std::size_t id) { return vocabulary.is_special(id); }),
      options_(options),
      fingerprint_(fingerprint_of(pairs)) {
  if (pairs.empty()) throw Error(ErrorKind::usage, "no pairs to learn from", "give some text");
  if (!options.mlm && !options.nsp)
    throw Error(ErrorKind::usage, "no loss to learn by",
                "choose hidden words, next sentences, or both");
  if ((options.mlm && !model.sizes().mlm) || (options.nsp && !model.sizes().nsp))
    throw Error(ErrorKind::usage, "the model has no head for this loss", "make it with that head");
  Rng rng = Rng(seed).stream("static masks");
  bool some = false;  // word can be hidden
  for (const EncodedPair& pair : pairs) {
    if (pair.input.ids.size() > model.sizes().positions)
      throw Error(ErrorKind::usage,
                  fmt::format("a pair of {} pieces, but the model has {} positions",
                              pair.input.ids.size(), model.sizes().positions),
                  "use shorter sentences, or more positions");
    by_length_[pair.input.ids.size()].push_back(pairs_.size());
    pairs_.push_back({pair, masker_(pair.input.ids, rng)});
    some |= options.dynamic ? std::any_of(pair.input.ids.begin(), pair.input.ids.end(),
                                          [&](auto id) { return !vocabulary.is_special(id); })
                            : pairs_.back().masked.selected > 0;
  }
  if (options.mlm && !some)  // loss() would look for one for ever
    throw Error(ErrorKind::usage, "no word of these pairs can be hidden",
                options.dynamic ? "the vocabulary must have pieces of their words"
                                : "give more text, or draw the masks anew for every batch");
}

std::vector<PretrainingPair> PretrainingLearner::draw(Rng& rng, std::size_t size) const {
  // A pair decides the length, the others are drawn among those of its length: so lengths are as
  // frequent as in the text, and nothing is padded.
  const auto& same = by_length_.at(pairs_[rng.below(pairs_.size())].encoded.input.ids.size());
  std::vector<PretrainingPair> out;
  for (std::size_t i = 0; i < size; ++i) {
    out.push_back(pairs_[same[rng.below(same.size())]]);
    if (options_.dynamic) out.back().masked = masker_(out.back().encoded.input.ids, rng);
  }
  return out;
}

Tensor PretrainingLearner::loss(const Run& run, Rng& batches, std::size_t size,
                                double smoothing) const {
  for (;;) {
    const std::vector<PretrainingPair> pairs = draw(batches, size);
    std::vector<const PretrainingPair*> pointers;
    for (const PretrainingPair& pair : pairs) pointers.push_back(&pair);
    const PretrainingBatch batch = batch_of(pointers);
    const bool hidden = batch.places.value().size() > 0;
    if (!hidden && !options_.nsp) continue;  // by chance nothing was hidden: nothing to learn
    const Logits logits = forward(run, model_, batch);
    Tensor sum;
    if (options_.mlm && hidden) sum = cross_entropy(run, logits.mlm, batch.words, smoothing);
    if (options_.nsp) {
      const Tensor nsp = cross_entropy(run, logits.nsp, batch.answers);
      sum = sum ? add(run, sum, nsp) : nsp;
    }
    return sum;
  }
}

Score PretrainingLearner::look(Rng rng) const {
  const PretrainingScore found = evaluate(model_, draw(rng, kPairsLooked));
  Score score;
  score.accuracy = options_.mlm ? found.mlm_accuracy : found.nsp_accuracy;
  score.loss = (options_.mlm ? found.mlm_loss : 0) + (options_.nsp ? found.nsp_loss : 0);
  score.asked = options_.mlm ? found.hidden : found.pairs;
  return score;
}

std::string PretrainingLearner::description() const {
  const BertSizes& z = model_.sizes();
  return fmt::format(
      "pre-training on {} pairs ({:016x}) by {}{}{}, masks {}, model bert vocabulary {} width {} "
      "heads {} ff {} layers {} positions {} dropout {}",
      pairs_.size(), fingerprint_, options_.mlm ? "hidden words" : "",
      options_.mlm && options_.nsp ? " and " : "", options_.nsp ? "next sentences" : "",
      options_.dynamic ? "dynamic" : "static", z.vocabulary, z.width, z.heads, z.ff, z.layers,
      z.positions, z.dropout);
}

PretrainingScore evaluate(const Bert& model, const std::vector<PretrainingPair>& pairs) {
  std::map<std::size_t, std::vector<const PretrainingPair*>> by_length;
  for (const PretrainingPair& pair : pairs)
    by_length[pair.encoded.input.ids.size()].push_back(&pair);
  PretrainingScore score;
  for (const auto& [length, same] : by_length) {
    for (std::size_t begin = 0; begin < same.size(); begin += kPairsLooked) {
      const std::size_t end = std::min(begin + kPairsLooked, same.size());
      const PretrainingBatch batch =
          batch_of({same.begin() + std::ptrdiff_t(begin), same.begin() + std::ptrdiff_t(end)});
      const Logits logits = forward(Run{}, model, batch);
      if (logits.mlm) {
        const std::size_t m = batch.words.value().size();
        score.mlm_loss += double(m) * number(cross_entropy(Run{}, logits.mlm, batch.words));
        score.mlm_accuracy += double(right(logits.mlm.value(), batch.words.value()));
        score.hidden += m;
      }
      if (logits.nsp) {
        score.nsp_loss +=
            double(end - begin) * number(cross_entropy(Run{}, logits.nsp, batch.answers));
        score.nsp_accuracy += double(right(logits.nsp.value(), batch.answers.value()));
      }
      score.pairs += end - begin;
    }
  }
  const double hidden = std::max<double>(1, double(score.hidden)),
               all = std::max<double>(1, double(score.pairs));
  score.mlm_loss /= hidden;
  score.mlm_accuracy /= hidden;
  score.nsp_loss /= all;
  score.nsp_accuracy /= all;
  return score;
}

}  // namespace attn
