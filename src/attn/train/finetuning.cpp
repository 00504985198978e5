#include "attn/train/finetuning.h"

#include <algorithm>
#include <limits>

#include "attn/core/error.h"
#include "attn/ops/ops.h"

namespace attn {

namespace {

constexpr real kNever = -std::numeric_limits<real>::infinity();
constexpr std::size_t kLooked = 64;  // texts of a batch of an evaluation

/// The pieces of these words, and where each word begins, counted from `at`.
std::vector<std::size_t> pieces_of(const LabelledText::Words& words, const TopicGrammar& grammar,
                                   const PieceVocabulary& vocabulary, std::size_t at,
                                   std::vector<std::size_t>& begins) {
  std::vector<std::size_t> out;
  for (const std::size_t word : words) {
    begins.push_back(at + out.size());
    const auto pieces = encode_pieces(vocabulary, grammar.words()[word], true);
    out.insert(out.end(), pieces.begin(), pieces.end());
  }
  return out;
}

/// Nobody looks at padding: (R,H,n,n) for rows of these lengths; none if all are full.
Tensor padding_of(const std::vector<std::size_t>& lengths, std::size_t heads, std::size_t n) {
  if (std::all_of(lengths.begin(), lengths.end(), [&](std::size_t l) { return l == n; })) return {};
  Array mask = zeros({lengths.size(), heads, n, n});
  real* to = mask.data();
  for (const std::size_t length : lengths) {
    for (std::size_t row = 0; row < heads * n; ++row, to += n)
      std::fill(to + length, to + n, kNever);
  }
  return Tensor(std::move(mask));
}

}  // namespace

EncodedText encode_text(const LabelledText& text, DownstreamHead head, const TopicGrammar& grammar,
                        const PieceVocabulary& vocabulary) {
  EncodedText out;
  out.answer = text.answer;
  for (const LabelledText::Input& input : text.inputs) {
    std::vector<std::size_t> in_a, in_b;
    const auto a = pieces_of(input.a, grammar, vocabulary, 1, in_a);             // behind [CLS]
    const auto b = pieces_of(input.b, grammar, vocabulary, a.size() + 2, in_b);  // and [SEP]
    out.inputs.push_back(bert_input(vocabulary, a, b));
    if (head == DownstreamHead::words) out.places = std::move(in_a);
    if (head == DownstreamHead::span) out.places = std::move(in_b);
  }
  return out;
}

TextBatch batch_of(const std::vector<const EncodedText*>& texts, DownstreamHead head,
                   const Bert& model, std::size_t pad) {
  std::size_t n = 0;
  for (const EncodedText* text : texts) {
    for (const BertInput& input : text->inputs) n = std::max(n, input.length());
  }
  std::vector<std::size_t> ids, segments, lengths, places, answers;
  Array spans = head == DownstreamHead::span ? full({texts.size(), 2, n}, kNever) : Array{};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const EncodedText& text = *texts[i];
    for (const std::size_t place : text.places) {
      places.push_back(lengths.size() * n + place);
      if (head == DownstreamHead::span) spans(i, 0, place) = spans(i, 1, place) = 0;
    }
    for (const std::size_t answer : text.answer)
      answers.push_back(head == DownstreamHead::span ? text.places[answer] : answer);
    for (const BertInput& input : text.inputs) {
      lengths.push_back(input.length());
      ids.insert(ids.end(), input.ids.begin(), input.ids.end());
      segments.insert(segments.end(), input.segments.begin(), input.segments.end());
      ids.resize(lengths.size() * n, pad);
      segments.resize(lengths.size() * n, 0);
    }
  }
  const std::size_t rows = lengths.size();
  return {texts.size(),
          Tensor::ids(ids, {rows, n}),
          Tensor::ids(segments, {rows, n}),
          padding_of(lengths, model.sizes().heads, n),
          head == DownstreamHead::span ? Tensor(std::move(spans))
                                       : Tensor::ids(places, {places.size()}),
          Tensor::ids(answers, {answers.size()})};
}

FineTuned::FineTuned(const Bert& bert, DownstreamHead head, std::size_t classes,
                     Parameters& parameters, bool frozen)
    : bert_(bert), head_(head), frozen_(frozen) {
  // The paper's 0.02, as for a new layer on a model of any width.
  const std::size_t outputs = head == DownstreamHead::choice ? 1 : classes;
  w_ = parameters.get("head.w", {bert.sizes().width, outputs}, 0.02);
  learnt_ = frozen ? NamedTensors{} : bert.parameters();
  learnt_.emplace_back("head.w", w_);
  // The same number on every choice, and on every word of a span, would change nothing.
  if (head == DownstreamHead::choice || head == DownstreamHead::span) return;
  b_ = parameters.get_or("head.b", zeros({outputs}));
  learnt_.emplace_back("head.b", b_);
}

Tensor FineTuned::logits(const Run& run, const TextBatch& batch) const {
  const Run below = frozen_ ? Run{} : run;  // no tape, no gradient
  const Tensor output =
      bert_.encode(below, bert_.embed(below, batch.ids, batch.segments), batch.mask);  // (R,n,d)
  const std::size_t r = output.shape()[0], n = output.shape()[1], d = output.shape()[2];
  if (head_ == DownstreamHead::words) {
    const Tensor words = embed(run, reshape(run, output, {r * n, d}), batch.places);  // (m,d)
    return linear(run, words, w_, b_);                                                // (m,C)
  }
  if (head_ == DownstreamHead::span) {
    const Tensor both = transpose(run, linear(run, output, w_));  // (B,2,n)
    return add(run, both, batch.places);
  }
  const Tensor c = bert_.sizes().pooler ? bert_.pooled(below, output)
                                        : reshape(run, slice_rows(run, output, 0, 1), {r, d});
  const Tensor y = linear(run, c, w_, b_);  // (R,outputs)
  return head_ == DownstreamHead::choice ? reshape(run, y, {batch.texts, r / batch.texts}) : y;
}

namespace {

std::size_t largest(const real* x, std::size_t n) {
  return static_cast<std::size_t>(std::max_element(x, x + n) - x);
}

/// The ends with the largest start[i] + end[j], i <= j.
std::pair<std::size_t, std::size_t> best_span(const real* start, const real* end, std::size_t n) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  real most = kNever;
  std::size_t first = 0;  // the best start up to j
  for (std::size_t j = 0; j < n; ++j) {
    if (start[j] > start[first]) first = j;
    if (start[first] + end[j] > most) {
      most = start[first] + end[j];
      best = {first, j};
    }
  }
  return best;
}

}  // namespace

std::size_t FineTuned::right(const std::vector<EncodedText>& texts, std::size_t pad) const {
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < texts.size(); begin += kLooked) {
    std::vector<const EncodedText*> some;
    for (std::size_t i = begin; i < std::min(begin + kLooked, texts.size()); ++i)
      some.push_back(&texts[i]);
    const TextBatch batch = batch_of(some, head_, bert_, pad);
    const Tensor y = logits(Run{}, batch);
    const std::size_t n = columns(y.value());
    const real *row = y.value().data(), *answer = batch.answers.value().data();
    for (const EncodedText* text : some) {
      bool all = true;
      if (head_ == DownstreamHead::span) {
        const auto [first, last] = best_span(row, row + n, n);
        all = first == static_cast<std::size_t>(answer[0]) &&
              last == static_cast<std::size_t>(answer[1]);
        row += 2 * n;
        answer += 2;
      } else {
        for (std::size_t i = 0; i < text->answer.size(); ++i, row += n, ++answer)
          all &= largest(row, n) == static_cast<std::size_t>(*answer);
      }
      count += all;
    }
  }
  return count;
}

FineTuningLearner::FineTuningLearner(const FineTuned& model, std::vector<EncodedText> examples,
                                     std::size_t pad)
    : model_(model), examples_(std::move(examples)), pad_(pad) {
  if (examples_.empty())
    throw Error(ErrorKind::usage, "no examples to learn from", "give at least one");
}

Tensor FineTuningLearner::loss(const Run& run, Rng& batches, std::size_t size,
                               double smoothing) const {
  std::vector<const EncodedText*> texts;
  for (std::size_t i = 0; i < size; ++i)
    texts.push_back(&examples_[batches.below(examples_.size())]);
  const TextBatch batch = batch_of(texts, model_.head(), model_.bert(), pad_);
  Tensor logits = model_.logits(run, batch);
  const std::size_t n = columns(logits.value());
  logits = reshape(run, logits, {rows(logits.value()), n});  // of a span (2B,n)
  return cross_entropy(run, logits, batch.answers, smoothing);
}

Score FineTuningLearner::look(Rng) const {
  Score score;
  score.asked = examples_.size();
  score.accuracy = double(model_.right(examples_, pad_)) / double(score.asked);
  return score;
}

}  // namespace attn
